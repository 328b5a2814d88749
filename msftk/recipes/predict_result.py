"""What `predict` returns: valence, arousal and dominance of each recording, and what a reader must know beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, overload

from msftk.errors import InputError
from msftk.evaluation.predictions import Predictions
from msftk.recipes.prediction_table import other_columns, table_columns
from msftk.types import ATTRIBUTES


@dataclass(frozen=True)
class Prediction:
    """V/A/D of one utterance, by attribute name, on the scale of the corpus that the run was trained on.

    `others`: what the run's other targets say, by the name of its column.
    """

    id: str
    values: dict[str, float]
    others: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class PredictResult(Sequence[Prediction]):
    """Predictions in input order, a sequence. `failures`: id -> message; `absent`: source -> reason -> how many lacked
    it; `notes`: what else a reader must know, each said once with how many recordings it holds for.

    `warning` is what the corpus that the run was trained on says of its ratings, e.g. that they are planted; or "".
    """

    predictions: Predictions
    failures: dict[str, str]
    absent: dict[str, dict[str, int]]
    warning: str
    notes: tuple[str, ...] = ()

    @cached_property
    def _all(self) -> tuple[Prediction, ...]:
        others = other_columns(self.predictions)
        rows = enumerate(zip(self.predictions.ids, self.predictions.values.tolist(), strict=True))
        return tuple(
            Prediction(name, dict(zip(ATTRIBUTES, row, strict=True)), {k: own[place] for k, own in others.items()})
            for place, (name, row) in rows
        )

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Prediction, ...]: ...
    def __getitem__(self, place: int | slice) -> Prediction | tuple[Prediction, ...]:
        return self._all[place]

    def __len__(self) -> int:
        return len(self.predictions.ids)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with the columns of `msftk predict --out`. InputError where pandas is missing."""
        return _frame("pandas")(table_columns(self.predictions))

    def to_polars(self) -> Any:
        """A polars DataFrame with the columns of `msftk predict --out`. InputError where polars is missing."""
        return _frame("polars")(table_columns(self.predictions))


def _frame(package: str) -> Any:
    try:
        return import_module(package).DataFrame
    except ImportError as error:
        raise InputError(f"{package} is not installed. Install it with: pip install {package}.") from error
