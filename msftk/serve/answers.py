"""What a loaded run answers to a batch of uploads: the JSON of `msftk predict --json`, or of `msftk explain --json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Literal

from msftk.serve.uploads import Upload
from msftk.store.memory import MemoryStore

if TYPE_CHECKING:
    from msftk.recipes.predict import Run

WARMING = "prompts/audio/agent-incorrect.flac"
Kind = tuple[Literal["predict", "explain"], float | None, float | None]


@dataclass(frozen=True)
class Job:
    """`window_s`, `hop_s`: as `msftk predict --window --hop`."""

    upload: Upload
    what: Literal["predict", "explain"]
    window_s: float | None = None
    hop_s: float | None = None

    @property
    def kind(self) -> Kind:
        """Jobs of one kind can be answered together."""
        return self.what, self.window_s, self.hop_s


class Answers:
    """Answers of one run. What is computed of a recording is forgotten with its batch: nothing is written, and the
    memory stays as it is.

    `layer`: what is chosen otherwise than the run does, by section of the settings (see `layer_of`).
    """

    def __init__(
        self,
        run: Run,
        layer: Mapping[str, Mapping[str, object]] | None = None,
        *,
        clip: bool | None = None,
        interval: float | None = None,
    ) -> None:
        self.run = run
        self.layer: dict[str, Any] = dict(layer or {})
        self._clip, self._interval = clip, interval
        self._store = MemoryStore()

    def warm(self) -> None:
        """Loads all that is loaded late, by one recording. Raises InputError where something that the run needs is not
        here."""
        with as_file(files("msftk.demo").joinpath(WARMING)) as audio:
            self.run.predict(audio, store=self._store, interval=self._interval, **self.layer)
        self._store.clear()

    def __call__(self, jobs: Sequence[Job]) -> list[Any]:
        """Jobs of one kind, an answer or an error each."""
        try:
            return [self._explained(job) for job in jobs] if jobs[0].what == "explain" else self._predicted(jobs)
        finally:
            self._store.clear()

    def _predicted(self, jobs: Sequence[Job]) -> list[Any]:
        window_s = jobs[0].window_s
        said = self.run.predict_each(
            [job.upload.utterance for job in jobs],
            store=self._store,
            layer=self.layer,
            clip=self._clip,
            window_s=window_s,
            hop_s=jobs[0].hop_s,
            interval=self._interval,
        )
        answers = [said[job.upload.utterance.id] for job in jobs]
        return [
            one if isinstance(one, Exception) else job.upload.told(one.json(over_time=window_s is not None))
            for job, one in zip(jobs, answers, strict=True)
        ]

    def _explained(self, job: Job) -> Any:
        from msftk.recipes.explain import explain

        return job.upload.told(explain(self.run, job.upload.utterance, store=self._store, **self.layer).json())
