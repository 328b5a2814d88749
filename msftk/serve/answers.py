"""What a loaded run answers to a batch of uploads: the JSON of `msftk predict --json`, or of `msftk explain --json`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msftk.errors import InputError
from msftk.serve.uploads import Upload, changed
from msftk.store.memory import MemoryStore

if TYPE_CHECKING:
    from msftk.recipes.makers import Anew
    from msftk.recipes.predict import Run

WARMING = "prompts/audio/agent-incorrect.flac"
MOST_WINDOWS = 1000  # a recording of 600 s every 0.6 s
MESSAGES = ("absent", "failures", "notes", "why_not")  # what an answer says in words of ours
ABSOLUTE = re.compile(r"(?<![\w.:/])(?:/[^\s/:'\",)]+){2,}/?")
Kind = tuple[Literal["predict", "explain"], float | None, float | None]


@dataclass(frozen=True)
class Job:
    """`window_s`, `hop_s`: as `msftk predict --window --hop`; `part_s`: as `msftk explain --start --end`.

    Raises InputError for more than `MOST_WINDOWS`.
    """

    upload: Upload
    what: Literal["predict", "explain"]
    window_s: float | None = None
    hop_s: float | None = None
    part_s: tuple[float | None, float | None] = (None, None)

    def __post_init__(self) -> None:
        step_s = self.hop_s or self.window_s
        n_windows = self.upload.seconds / step_s if step_s else 1.0
        if n_windows > MOST_WINDOWS:
            raise InputError(
                f"{self.upload.name}: {n_windows:.0f} windows, expected at most {MOST_WINDOWS}. "
                "Name a longer window or hop."
            )

    @property
    def kind(self) -> Kind:
        """Jobs of one kind can be answered together."""
        return self.what, self.window_s, self.hop_s


class Answers:
    """Answers of one run. What is computed of a recording is forgotten with its batch: nothing is written, and the
    memory stays as it is. A thread may predict while another one explains.

    `anew`: what is chosen otherwise than the run does.
    """

    def __init__(
        self, run: Run, anew: Anew | None = None, *, clip: bool | None = None, interval: float | None = None
    ) -> None:
        self.run = run
        self._anew: Anew = anew or {}
        self._clip, self._interval = clip, interval
        self._stores = {"predict": MemoryStore(), "explain": MemoryStore()}

    def warm(self) -> None:
        """Loads all that is loaded late, by one recording. Raises InputError where something that the run needs is not
        here."""
        with as_file(files("msftk.demo").joinpath(WARMING)) as audio:
            self.run.predict(audio, store=self._stores["predict"], interval=self._interval, **self._anew)
        self._stores["predict"].clear()

    def __call__(self, jobs: Sequence[Job]) -> list[Any]:
        """Jobs of one kind, an answer or an error each."""
        what = jobs[0].what
        try:
            return [self._explained(job) for job in jobs] if what == "explain" else self._predicted(jobs)
        finally:
            self._stores[what].clear()

    def _predicted(self, jobs: Sequence[Job]) -> list[Any]:
        window_s = jobs[0].window_s
        said = self.run.predict_each(
            [job.upload.utterance for job in jobs],
            store=self._stores["predict"],
            clip=self._clip,
            window_s=window_s,
            hop_s=jobs[0].hop_s,
            interval=self._interval,
            **self._anew,
        )
        answers = [said[job.upload.utterance.id] for job in jobs]
        return [
            one if isinstance(one, Exception) else self._told(job, one.json(over_time=window_s is not None))
            for job, one in zip(jobs, answers, strict=True)
        ]

    def _explained(self, job: Job) -> Any:
        from msftk.recipes.explain import explain

        start_s, end_s = job.part_s
        store = self._stores["explain"]
        said = explain(self.run, job.upload.utterance, start_s=start_s, end_s=end_s, store=store, **self._anew)
        return self._told(job, said.json())

    def _told(self, job: Job, answer: dict[str, Any]) -> Any:
        """With what the sender named, and no place of this machine in what is said beside the numbers."""
        named = job.upload.named(answer)
        return named | {key: changed(named[key], self.without_places) for key in MESSAGES if key in named}

    def without_places(self, message: str) -> str:
        """Of each path, the last name: of the run or model as it was given, and of all that begins at the root."""
        for source in self.run.asked:
            if os.sep in source.name and Path(source.name).exists():  # else it is an id of the hub
                message = message.replace(source.name, Path(source.name).name)
        return ABSOLUTE.sub(lambda path: Path(path[0]).name, message)
