"""Predicts valence, arousal and dominance of recordings: files, folders or a manifest, with a trained run."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from msftk.consent import NOTHING, Consent, consenting
from msftk.errors import InputError
from msftk.preparation.extract import Preparation
from msftk.progress import ProgressCallback, silent
from msftk.recipes.answered import Predicts
from msftk.recipes.exported import load_exported
from msftk.recipes.heard import Heard
from msftk.recipes.makers import Anew, Chosen, layer_of
from msftk.recipes.predict_result import PredictResult
from msftk.recipes.recordings import Input, Item, Listing, Recordings, collect, in_parts
from msftk.recipes.windows import check_window, windows_of
from msftk.runs.ahead import Ahead
from msftk.store.features import Store, default_store_path
from msftk.store.memory import MemoryStore
from msftk.types import Utterance

if TYPE_CHECKING:
    from msftk.evaluation.conformal import Conformal
    from msftk.recipes.sources import Source


class How(Anew, total=False):
    """Options of `Run.predict`, for what takes them too."""

    store: str | Path | Store | None
    clip: bool | None
    window_s: float | None
    hop_s: float | None
    interval: float | None
    workers: int | None


class Run:
    """A trained run in memory: `load(folder).predict([...])`; what prepares recordings is built once.

    Threads may share it: each gets the numbers that it would get alone.
    """

    def __init__(self, ensemble: Predicts, consent: Consent = NOTHING, asked: Sequence[Source] = ()) -> None:
        self.ensemble = ensemble
        self.asked = asked
        self._consent = consent
        self._lock = threading.Lock()
        self._makers: object = None
        self._prepares: dict[object, tuple[Preparation, ...]] = {}  # of the last makers, by store: the last two

    def predict(
        self,
        inputs: Input | Iterable[Input],
        *,
        store: str | Path | Store | None = None,
        alignment: Mapping[str, object] | None = None,
        transcriber: Chosen | None = None,
        aligner: Chosen | None = None,
        describer: Chosen | None = None,
        clip: bool | None = None,
        window_s: float | None = None,
        hop_s: float | None = None,
        interval: float | None = None,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
    ) -> PredictResult:
        """Predicts audio files, folders of them, manifests, utterances, data frames, and sound in memory.

        Audio alone works; what lies beside it is used too (see `utterance_of`). Sound in memory is a pair (samples [n]
        or [n, channels], rate in Hz), the bytes of an audio file, or a file object of them. A data frame (pandas,
        polars, Arrow) has the columns of a manifest, see `manifest_of`; `to_pandas()` and `to_polars()` give one back.

        Args:
            store: a folder, a store (`msftk.MemoryStore()` touches no disk), or None: MSFTK_STORE, else the user's
                cache folder, else (where that cannot be written) the memory.
            alignment: options of alignment readers beside the run's, e.g. {"phone_tier": "phone"}.
            transcriber, aligner, describer: who makes what a recording does not bring along, instead of the run's: a
                name, or options such as {"name": "whisper", "model": "openai/whisper-small"}.
            clip: cut predictions to the rating scale; None: as the run's settings say.
            window_s, hop_s: a recording that is longer than `window_s` (None: than what the model hears at once) is
                heard in windows of so much, one each `hop_s` (None: back to back), and its prediction is their mean,
                in which each second counts once. The windows' own are `Prediction.windows`.
            interval: also `low` and `high` of each prediction, between which the rating lies with this probability, as
                far as the speaker is like those of the run's dev (see `calibrated`).
        Raises:
            InputError: an input that is not there, or a single recording that cannot be read. Among many, a bad one
                stands in `failures`. Also a name or option of a maker that is not known; no dev speakers, or too few,
                for `interval`.
        """
        (heard,) = self.hear(
            [collect(inputs, self.alignment(alignment))],
            store=store,
            alignment=alignment,
            transcriber=transcriber,
            aligner=aligner,
            describer=describer,
            clip=clip,
            window_s=window_s,
            hop_s=hop_s,
            interval=interval,
            progress=progress or silent,
            workers=workers,
        )
        return heard.result()

    def stream(
        self,
        inputs: Input | Iterable[Input],
        *,
        progress: ProgressCallback | None = None,
        **how: Unpack[How],
    ) -> Iterator[PredictResult]:
        """`predict` of inputs of any size, `PART` recordings at a time: what is held does not grow with their number.

        A recording that cannot be read stands in `failures`, also where it is the only one. Raises as `predict`.
        """
        listing = Listing(inputs)
        for heard in self.hear_parts(listing, in_parts(listing), progress=progress or silent, **how):
            yield heard.part()

    def hear_parts(
        self, listing: Listing, parts: Iterable[Sequence[Item]], *, progress: ProgressCallback, **how: Unpack[How]
    ) -> Iterator[Heard]:
        """What is heard of each part of a listing; the next one is opened meanwhile."""
        alignment = self.alignment(how.get("alignment"))
        with Ahead(lambda items: listing.opened(items, alignment), parts, workers=1) as opened:
            yield from self.hear(opened, progress=progress, **how)

    def predict_each(
        self, utterances: Sequence[Utterance], **how: Unpack[How]
    ) -> dict[str, PredictResult | InputError]:
        """Predicts utterances together and answers each as `predict` would by itself: id -> its result, or why not.

        Raises InputError for options alone.
        """
        (heard,) = self.hear([collect(utterances)], **how)
        answers: dict[str, PredictResult | InputError] = {}
        for name, own in heard.apart().items():
            try:
                answers[name] = own.result()
            except InputError as error:
                answers[name] = error
        return answers

    def alignment(self, anew: Mapping[str, object] | None) -> dict[str, object]:
        """Options of alignment readers: the run's, and before them those that are given anew."""
        return {**self.ensemble.alignment, **(anew or {})}

    def hear(
        self, parts: Iterable[Recordings], *, progress: ProgressCallback = silent, **how: Unpack[How]
    ) -> Iterator[Heard]:
        """What is heard of recordings, part by part, as `predict` says. Raises TypeError for an option it has not."""
        if unknown := how.keys() - How.__annotations__.keys():
            raise TypeError(f"no option of Run.predict: {', '.join(sorted(unknown))}")
        interval, window_s, hop_s = how.get("interval"), how.get("window_s"), how.get("hop_s")
        bounds = None if interval is None else self._bounds(interval)
        preparations = self.preparations(how.get("store"), layer_of(how), how.get("workers"))
        heard_s = self.ensemble.seconds_kept
        check_window(window_s, hop_s, heard_s)
        for recordings in parts:
            windows = windows_of(recordings, heard_s if window_s is None else window_s, hop_s, preparations[0].material)
            answered = self.ensemble.predict(
                windows.utterances,
                preparations,
                clip=how.get("clip"),
                samples=windows.samples,
                alignments=windows.alignments,
                progress=progress,
            )
            yield Heard(self.ensemble, recordings, windows, answered, self.longest_s(window_s), bounds)

    def _bounds(self, interval: float) -> Conformal:
        from msftk.recipes.calibration import calibrated

        return calibrated(self.asked, interval)

    def longest_s(self, window_s: float | None) -> float:
        """What is longer is heard in windows without being asked for, in s."""
        return math.inf if window_s is not None else self.ensemble.seconds_kept or math.inf

    def preparations(
        self, store: str | Path | Store | None, layer: Mapping[str, Mapping[str, object]], workers: int | None
    ) -> tuple[Preparation, ...]:
        """Those of this store and these makers: kept for the next call, which mostly has the same; in another store the
        same makers, with what they have loaded, are taken."""
        place = store if isinstance(store, Store) else default_store_path(store)
        makers = (layer, workers)
        with self._lock:
            if self._makers != makers:
                self._makers, self._prepares = makers, {}
            if place not in self._prepares:
                with consenting(self._consent):
                    last = list(self._prepares.items())[-1:]
                    made = (
                        _elsewhere(last[0][1], opened(store))
                        if last
                        else self.ensemble.preparations(opened(store), layer, workers)
                    )
                self._prepares = dict(last) | {place: made}
            return self._prepares[place]


def _elsewhere(preparations: tuple[Preparation, ...], store: Store) -> tuple[Preparation, ...]:
    """Models that share one go on sharing it."""
    moved = {one: one.at(store) for one in preparations}
    return tuple(moved[one] for one in preparations)


def opened(store: str | Path | Store | None) -> Store:
    """The store that was named, else the user's; the memory where that cannot be written."""
    try:
        return store if isinstance(store, Store) else Store(default_store_path(store))
    except InputError:
        if store is not None or os.environ.get("MSFTK_STORE"):
            raise
        return MemoryStore()


def load(
    run: str | Path | Sequence[str | Path],
    device: str = "auto",
    *,
    models: str | Sequence[str] = (),
    model_options: Mapping[str, object] | None = None,
    trust_remote_code: bool = False,
    allow_download: bool = False,
    allow_sending: bool = False,
) -> Run:
    """Loads a finished run folder, or a model that `msftk export` wrote, for prediction on `device` (auto, cpu, cuda).

    An exported model (model.onnx) is run by onnxruntime on the CPU, and loads no torch.

    A run of folds predicts by its refitted model where it has one, else by the mean of its folds' models. Several runs
    and published `models` (see `load_model`) predict by their mean, in units of the first one's rating scale.

    A run folder may come from anybody: neither does code of a model that it names run, nor is one fetched, nor sound
    sent to a server that it names, unless the caller says so.
    """
    consent = Consent(trust_remote_code, allow_download, allow_sending)
    with consenting(consent):
        if exported := load_exported(run, models, device):
            return Run(exported, consent)
        from msftk.models.where import choose_where
        from msftk.recipes.ensemble import load_ensemble
        from msftk.recipes.sources import sources

        asked = sources(run, models, model_options)
        return Run(load_ensemble(asked, choose_where(device)), consent, asked)


def load_model(
    name: str,
    device: str = "auto",
    *,
    options: Mapping[str, object] | None = None,
    allow_download: bool = True,
) -> Run:
    """Loads a published model for prediction, by its name (`msftk models list`), its id on the hub, or its folder.

    Who names a model lets it be fetched, unless `allow_download` is False; HF_HUB_OFFLINE is honoured. No code that
    comes with it runs. `options` are those of its layout (`msftk plugins show msp-lab`). `PredictResult.notes` has its
    licence.

    Raises:
        UnknownNameError: no such name, or no such option.
        InputError: it is not here and cannot be fetched; weights as a pickle alone; a folder of no known layout.
    """
    return load((), device, models=name, model_options=options, allow_download=allow_download)
