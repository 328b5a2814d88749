"""What `predict` returns: valence, arousal and dominance of each recording, and what a reader must know beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from msftk.errors import InputError
from msftk.evaluation.averages import mean_of_rows
from msftk.evaluation.prediction_csv import challenge_columns
from msftk.evaluation.predictions import Predictions
from msftk.recipes.basis import Basis, basis_columns, basis_of
from msftk.recipes.prediction_table import head_columns, other_columns, table_columns
from msftk.recipes.windows import Windows
from msftk.store.columns import ids_of
from msftk.types import ATTRIBUTES, Float64

if TYPE_CHECKING:
    from msftk.recipes.answered import Answered


@dataclass(frozen=True)
class Window:
    """V/A/D of a stretch of a recording, in s from its start."""

    start_s: float
    end_s: float
    values: dict[str, float]


@dataclass(frozen=True)
class Prediction:
    """V/A/D of one utterance, by attribute name, on the scale of the corpus that the run was trained on.

    `others`: what stands beside it in the table, by the name of its column: what the head adds (`valence_epistemic`),
    the bounds of intervals, and what the run's other targets say. `windows`: V/A/D over time; one window is all of the
    recording. `basis`: which semantic sources there were, and who made what they read.
    """

    id: str
    values: dict[str, float]
    others: dict[str, object] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    basis: Basis = field(default_factory=Basis)


@dataclass(frozen=True)
class OverTime:
    """Predictions of windows, whose ids are those of their recordings; `start_s`, `end_s`, `weights` [windows] in s."""

    predictions: Predictions
    start_s: Float64
    end_s: Float64
    weights: Float64
    bases: tuple[Basis, ...]

    @classmethod
    def of(cls, answered: Answered, windows: Windows) -> OverTime:
        """Of the windows that could be predicted."""
        predictions = answered.predictions.of(ids_of(windows.utterances))
        known = set(predictions.ids)
        rows = [row for row, window in enumerate(windows.utterances) if window.id in known]
        named = replace(predictions, ids=tuple(windows.recordings[row] for row in rows))
        bases = tuple(basis_of(answered.prepared, [name]) for name in predictions.ids)
        columns = (windows.start_s, windows.end_s, windows.weights)
        start_s, end_s, weights = (np.array(column, np.float64)[rows] for column in columns)
        return cls(named, start_s, end_s, weights, bases)

    def __len__(self) -> int:
        return len(self.predictions)

    def mean(self) -> Predictions:
        """One row a recording, in which each second counts once."""
        return mean_of_rows(self.predictions, self.predictions.ids, self.weights.tolist())

    def plot(self, path: str | Path) -> None:
        """Draws V/A/D over time of the one recording that these are of, as the suffix says (png, svg, pdf).

        Raises InputError where they are of none or of several, and as `plot_over_time`.
        """
        from msftk.evaluation.over_time import plot_over_time

        names, predictions = list(dict.fromkeys(self.predictions.ids)), self.predictions
        if len(names) != 1:
            raise InputError(f"{path}: a picture of one recording, and here are {len(names)}. Give one.")
        values = {a: predictions.values[:, ATTRIBUTES.index(a)].tolist() for a in predictions.attributes}
        plot_over_time(names[0], self.start_s.tolist(), self.end_s.tolist(), values, predictions.scale, Path(path))

    def by_recording(self) -> dict[str, tuple[Window, ...]]:
        found: dict[str, list[Window]] = {}
        rows = zip(
            self.predictions.ids, self.start_s.tolist(), self.end_s.tolist(), values_of(self.predictions), strict=True
        )
        for name, start_s, end_s, values in rows:
            found.setdefault(name, []).append(Window(start_s, end_s, values))
        return {name: tuple(own) for name, own in found.items()}

    def columns(self) -> dict[str, list[object]]:
        """A row a window: id, start_s, end_s, and the columns of `msftk predict --out`."""
        times = {"start_s": self.start_s.tolist(), "end_s": self.end_s.tolist()}
        return table_columns(self.predictions, times) | basis_columns(self.bases)


def values_of(predictions: Predictions) -> list[dict[str, float]]:
    """Of each row, by attribute that the model predicts."""
    kept = predictions.values[:, [ATTRIBUTES.index(attribute) for attribute in predictions.attributes]]
    return [dict(zip(predictions.attributes, row, strict=True)) for row in kept.tolist()]


@dataclass(frozen=True)
class PredictResult(Sequence[Prediction]):
    """Predictions in input order, a sequence. `failures`: id -> message; `absent`: source -> reason -> how many lacked
    it; `notes`: what else a reader must know, each said once with how many recordings it holds for. `over_time`: of
    the windows of those that were too long to be heard at once. `bases`: id -> what its prediction rests on.

    `warning` is what the corpus that the run was trained on says of its ratings, e.g. that they are planted; or "".
    """

    predictions: Predictions
    failures: dict[str, str]
    absent: dict[str, dict[str, int]]
    warning: str
    notes: tuple[str, ...]
    over_time: OverTime
    bases: dict[str, Basis]

    @cached_property
    def _all(self) -> tuple[Prediction, ...]:
        others = {**head_columns(self.predictions), **other_columns(self.predictions)}
        windows = self.over_time.by_recording()
        rows = enumerate(zip(self.predictions.ids, values_of(self.predictions), strict=True))
        return tuple(
            Prediction(name, values, {k: own[place] for k, own in others.items()}, windows[name], self.bases[name])
            for place, (name, values) in rows
        )

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Prediction, ...]: ...
    def __getitem__(self, place: int | slice) -> Prediction | tuple[Prediction, ...]:
        return self._all[place]

    def __len__(self) -> int:
        return len(self.predictions.ids)

    def columns(self) -> dict[str, list[object]]:
        """A row a recording: the columns of `msftk predict --out`."""
        return table_columns(self.predictions) | basis_columns([self.bases[name] for name in self.predictions.ids])

    def json(self, *, over_time: bool = False) -> dict[str, Any]:
        """What `msftk predict --json` prints; `over_time`: with the windows of each recording."""
        rows: list[dict[str, Any]] = [{"id": one.id, **one.values, **one.others, **one.basis.json()} for one in self]
        if over_time:
            for row, one in zip(rows, self, strict=True):
                row["windows"] = [{"start_s": w.start_s, "end_s": w.end_s, **w.values} for w in one.windows]
        scale = self.predictions.scale
        return {
            "predictions": rows,
            "scale": [scale.low, scale.high],
            "clipped": self.predictions.clipped,
            "warning": self.warning or None,
            "absent": self.absent,
            "notes": list(self.notes),
            "failures": self.failures,
        }

    def challenge(self) -> Mapping[str, Sequence[object]]:
        """A row a recording: the columns of `msftk predict --submission`. Raises as `challenge_columns`."""
        return challenge_columns(self.predictions)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with the columns of `msftk predict --out`. InputError where pandas is missing."""
        return _frame("pandas")(self.columns())

    def to_polars(self) -> Any:
        """A polars DataFrame with the columns of `msftk predict --out`. InputError where polars is missing."""
        return _frame("polars")(self.columns())


def _frame(package: str) -> Any:
    try:
        return import_module(package).DataFrame
    except ImportError as error:
        raise InputError(f"{package} is not installed. Install it with: pip install {package}.") from error
