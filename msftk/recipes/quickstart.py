"""The whole road once on the bundled data: train on the demo corpus, then stress and predict real recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from msftk.evaluation.evaluation import Evaluation
from msftk.extras import PackageMissingError
from msftk.preparation.parts import make_parts
from msftk.progress import ProgressCallback
from msftk.recipes.beside import utterance_of
from msftk.recipes.emphasis import Recording, emphasise_utterance
from msftk.recipes.evaluate import evaluate
from msftk.recipes.predict import load
from msftk.recipes.predict_result import PredictResult
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.settings import Settings
from msftk.store.features import Store, default_store_path


@dataclass(frozen=True)
class Quickstart:
    """Scores on dev and test1 of the demo corpus; emphasis and V/A/D of the recordings."""

    evaluations: dict[str, Evaluation]
    readings: tuple[Recording, ...]
    predictions: PredictResult
    trained_now: bool


def runnable(settings: Settings, otherwise: Settings) -> tuple[Settings, str]:
    """`settings`, or, where a package that they need is not installed, `otherwise` and what is said of that."""
    try:
        make_parts(settings)
    except PackageMissingError as error:
        return otherwise, str(error)
    return settings, ""


def quickstart(
    run: Path,
    settings: Settings,
    readings: Sequence[str],
    *,
    store: Path | None = None,
    progress: ProgressCallback | None = None,
) -> Quickstart:
    """Trains `run` on the demo corpus unless it is finished already; `readings` are ids of the bundled prompts."""
    trained_now = not RunFolder(run).is_finished
    if trained_now:
        train(None, settings, run, store=store, progress=progress)
    prompts = Path(str(files("msftk") / "demo" / "prompts"))
    place = Store(default_store_path(store))
    audio = [prompts / "audio" / f"{name}.flac" for name in readings]
    return Quickstart(
        evaluations={split: evaluate(run, split=split) for split in ("dev", "test1")},
        readings=tuple(emphasise_utterance(utterance_of(one), settings, place) for one in audio),
        predictions=load(run).predict(audio, store=store, progress=progress),
        trained_now=trained_now,
    )
