"""The run folder: what each file in it is called, what is read out of it, and what makes a run finished."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from msftk.assignments import read_toml
from msftk.consent import without_switches
from msftk.errors import InputError, UnknownNameError, VersionError
from msftk.evaluation.predictions import Predictions, read_predictions, write_predictions
from msftk.files import json_text, lock, read_json_object, read_text, write_whole, writing
from msftk.runs.packages import missing_package
from msftk.settings import FORMAT_VERSION as SETTINGS_VERSION
from msftk.settings import Settings, check_settings, settings_toml
from msftk.store.manifest import Manifest, read_manifest

FORMAT_VERSION = 1  # of the card, the weights and the state
ANEW = "Train again into a new folder."
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib")


@dataclass(frozen=True)
class RunFolder:
    """One run, or one fold of it: settings.toml, manifest.parquet, metrics.jsonl, state/, predictions/, and at the end
    model.safetensors and protocol.json. A run of folds has its models in folds/NAME, and maybe one of all
    data in refit, each a run folder of its own.
    """

    path: Path

    @property
    def settings_file(self) -> Path:
        return self.path / "settings.toml"

    @property
    def manifest_file(self) -> Path:
        return self.path / "manifest.parquet"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def state(self) -> Path:
        """Folder of what an unfinished run goes on from."""
        return self.path / "state"

    @property
    def plan_file(self) -> Path:
        """What the run was begun with; where it stands, the run has begun."""
        return self.state / "run.json"

    @property
    def model_file(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def card_file(self) -> Path:
        """The protocol card, written last: a run that has it is finished."""
        return self.path / "protocol.json"

    @property
    def is_finished(self) -> bool:
        return self.card_file.is_file()

    @property
    def is_untrained(self) -> bool:
        """Whether nothing would be lost if it began anew."""
        begun = (self.card_file, self.metrics_file, self.path / "folds", *self.state.glob("epoch-*"))
        return not any(place.exists() for place in begun)

    def predictions_file(self, split: str) -> Path:
        return self.path / "predictions" / f"{split}.parquet"

    @property
    def kept_splits(self) -> list[str]:
        """Splits whose predictions the run keeps."""
        return sorted(path.stem for path in (self.path / "predictions").glob("*.parquet"))

    def fold(self, name: str) -> RunFolder:
        return RunFolder(self.path / "folds" / name)

    @property
    def refit(self) -> RunFolder:
        """One model trained on all that the folds were made of."""
        return RunFolder(self.path / "refit")

    @property
    def folds(self) -> dict[str, RunFolder]:
        """Name -> folder of every fold that was begun; none for a run of one model."""
        return {place.name: RunFolder(place) for place in sorted((self.path / "folds").glob("*"))}

    # ---------------------------------------------------------------- reading

    def read_settings(self) -> Settings:
        """What in them would let code run is left out. Raises VersionError for settings of another format version."""
        values = without_switches(read_toml(self.settings_file))
        _check_version(self.settings_file, values.get("format_version"), SETTINGS_VERSION)
        try:
            return check_settings(values)
        except UnknownNameError as error:
            if message := missing_package(self.path, self.card_file, values):
                raise InputError(message) from error
            raise

    def read_card(self) -> dict[str, Any]:
        """The protocol card. Raises InputError for an unfinished run, VersionError for another format version."""
        self.check_finished()
        card = read_json_object(self.card_file, ANEW)
        _check_version(self.card_file, card.get("format_version"), FORMAT_VERSION)
        return card

    def read_manifest(self) -> Manifest:
        return read_manifest(self.manifest_file)

    def read_metrics(self, epochs: int | None = None) -> list[dict[str, Any]]:
        """One object an epoch, of the first `epochs` (None: all); none where nothing was trained here.

        Raises InputError for a line that is torn or not of this kind.
        """
        if not self.metrics_file.is_file():
            return []
        lines = read_text(self.metrics_file, ANEW).splitlines()[:epochs]
        return [self._metrics_line(place, line) for place, line in enumerate(lines, start=1)]

    def read_predictions(self, split: str) -> Predictions:
        return read_predictions(self.predictions_file(split))

    def check_finished(self) -> None:
        """Raises InputError unless this is a folder whose training ended."""
        run = self.path
        if run.is_file():
            refuse_pickle(run)
            raise InputError(f"{run}: a file, expected a run folder. Give the folder that `msftk train --out` wrote.")
        if not run.is_dir():
            raise InputError(f"{run}: no such run folder. Make one with `msftk train --out {run}`.")
        if self.is_finished:
            return
        if not self.settings_file.is_file():
            self.refuse_pickles()
            is_model = (run / "config.json").is_file()
            raise InputError(
                f"{run}: not a run folder (no {self.settings_file.name}). "
                "Give the folder that `msftk train --out` wrote"
                + (f"; a model that others published goes with --model {run}." if is_model else ".")
            )
        raise InputError(
            f"{run}: the run is not finished. Resume it with the command that began it, msftk train ... --out {run}."
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other processes out of the run while it is written.

        Raises MsftkError where one is in it, or the place cannot be written.
        """
        place = self.path.absolute()
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        remedy = "It trains in this folder: wait for it to end, or choose another --out."
        with lock(place, remedy):
            yield

    def refuse_pickles(self) -> None:
        """Raises InputError if the folder holds a pickle."""
        for path in sorted(self.path.iterdir()):
            refuse_pickle(path)

    def _metrics_line(self, place: int, line: str) -> dict[str, Any]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise InputError(f"{self.metrics_file}:{place}: not a JSON object. {ANEW}")
        if not {"epoch", "train_loss"} <= value.keys() or not isinstance(value.get("dev_ccc"), dict):
            raise InputError(f"{self.metrics_file}:{place}: no epoch, train_loss or dev_ccc. {ANEW}")
        return value

    # ---------------------------------------------------------------- writing

    def write_settings(self, settings: Settings) -> None:
        write_whole(self.settings_file, settings_toml(settings))

    def write_card(self, card: Mapping[str, Any]) -> None:
        write_whole(self.card_file, json_text({"format_version": FORMAT_VERSION, **card}, indent=2) + "\n")

    def write_metrics(self, epochs: list[dict[str, Any]]) -> None:
        write_whole(self.metrics_file, "".join(json_text(epoch) + "\n" for epoch in epochs))

    def write_predictions(self, split: str, predictions: Predictions) -> None:
        write_predictions(predictions, self.predictions_file(split))


def refuse_pickle(path: Path) -> None:
    """Raises InputError for a file that pickle would open: reading one can run any code."""
    if path.suffix in PICKLES:
        raise InputError(
            f"{path}: a pickle checkpoint, which can run code when it is read; it is not opened. "
            "Give a run folder with model.safetensors, as `msftk train` writes it."
        )


def refuse_version(path: Path, found: object, expected: int) -> NoReturn:
    raise VersionError(
        f"{path}: format version {found}, expected {expected}. Use the msftk that wrote it, or train again."
    )


def _check_version(path: Path, found: object, expected: int) -> None:
    if found != expected:
        refuse_version(path, found, expected)
