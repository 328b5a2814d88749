"""TensorBoard, Weights & Biases and MLflow: what metrics.jsonl tells, as it comes, through accelerate's trackers."""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

from msftk.errors import InputError, MsftkError
from msftk.extras import from_extra
from msftk.progress import Progress, ProgressCallback
from msftk.runs.folder import RunFolder
from msftk.settings import Settings

PROJECT = "msftk"  # Weights & Biases' project, MLflow's experiment
STEPS = 20  # within an epoch every so many are told


def check_trackers(names: Iterable[str]) -> None:
    """Raises InputError with the line that installs it where a tracker, or accelerate, is missing."""
    for name in names:
        with from_extra("trackers", "training.trackers"):
            import accelerate  # noqa: F401
        if find_spec(name) is None:
            brought_by = "'msftk[trackers]'" if name == "tensorboard" else name
            raise InputError(
                f"training.trackers names {name}, which is not installed. Install it with: pip install {brought_by}."
            )


@contextmanager
def tracked(run: RunFolder, settings: Settings, progress: ProgressCallback) -> Iterator[ProgressCallback]:
    """Yields a callback that tells the trackers of the settings, then `progress`; without any it is `progress` itself.

    TensorBoard's and Weights & Biases' files lie in the run folder; MLflow writes where MLFLOW_TRACKING_URI says. One
    that fails in training is left out from then on, with a warning: a run does not end for it.

    Raises MsftkError where one does not start.
    """
    if not settings.training.trackers:
        yield progress
        return
    trackers: dict[str, Any] = {}

    def tell(told: Progress) -> None:
        if told.metrics and ("dev_ccc" in told.metrics or told.done % STEPS == 0):
            for name in list(trackers):
                try:
                    trackers[name].log(numbers(told.metrics), step=told.done)
                except Exception as error:  # of a server, a disk, a library
                    logging.getLogger(__name__).warning("%s is told no more: %s", name, error)
                    del trackers[name]
        progress(told)

    with ExitStack() as ends:
        for name in settings.training.trackers:
            trackers[name] = _started(name, run, settings)
            ends.callback(trackers[name].finish)
        yield tell


def numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """A line of metrics.jsonl as numbers by name, "dev_ccc/valence"; without those that are not defined."""
    flat = {
        name if key is None else f"{name}/{key}": value
        for name, values in metrics.items()
        for key, value in (values.items() if isinstance(values, Mapping) else ((None, values),))
    }
    return {name: value for name, value in flat.items() if math.isfinite(value)}


def options(settings: Settings) -> dict[str, str | float]:
    """Every setting by its path, as trackers take them: lists as JSON."""
    flat: dict[str, str | float] = {}
    for section, values in settings.model_dump(mode="json").items():
        for name, value in values.items() if isinstance(values, dict) else ((None, values),):
            path = section if name is None else f"{section}.{name}"
            if value is not None:
                flat[path] = value if isinstance(value, (str, int, float)) else json.dumps(value)
    return flat


def begun_entry(run: RunFolder) -> dict[str, str]:
    """What makes Weights & Biases go on with the entry that it began for this run; folders end in its id."""
    folders = sorted((run.path / "wandb").glob("*run-*-*"))
    return {"id": folders[0].name.partition("run-")[2].partition("-")[2], "resume": "allow"} if folders else {}


def _started(name: str, run: RunFolder, settings: Settings) -> Any:
    from accelerate import PartialState
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    PartialState()  # their log lines ask it for the process
    os.environ.setdefault("WANDB_SILENT", "true")
    where: dict[str, dict[str, Any]] = {
        "tensorboard": {"run_name": "tensorboard", "logging_dir": run.path},
        "wandb": {"run_name": PROJECT, "name": run.path.name, "dir": run.path, **begun_entry(run)},
        "mlflow": {"experiment_name": PROJECT, "run_name": run.path.name},
    }
    try:
        tracker: Any = LOGGER_TYPE_TO_CLASS[name](**where[name])
        tracker.start()
        if not run.read_metrics():
            tracker.store_init_configuration(options(settings))
    except Exception as error:
        said = str(error).strip().split("\n")[0].rstrip(".")
        raise MsftkError(
            f"training.trackers: {name} does not start: {said}. Mend that, or leave {name} out of training.trackers."
        ) from error
    return tracker
