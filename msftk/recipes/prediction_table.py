"""Predictions as a table: columns by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msftk.evaluation.predictions import Predictions
from msftk.registry import registry
from msftk.types import ATTRIBUTES


def table_columns(
    predictions: Predictions, times: Mapping[str, Sequence[float]] | None = None
) -> dict[str, list[object]]:
    """Column name -> values, a value a row: `id`, `times`, the predicted attributes, what the head and other targets
    add, scale and clipping."""
    n = len(predictions.ids)
    columns: dict[str, list[object]] = {"id": list(predictions.ids)}
    columns |= {name: list(own) for name, own in (times or {}).items()}
    predicted = [(ATTRIBUTES.index(attribute), attribute) for attribute in predictions.attributes]
    for place, attribute in predicted:
        columns[attribute] = predictions.values[:, place].tolist()
    columns |= head_columns(predictions)
    columns |= {name: list(entries) for name, entries in other_columns(predictions).items()}
    columns["scale"] = [str(predictions.scale)] * n
    columns["clipped"] = [predictions.clipped] * n
    return columns


def head_columns(predictions: Predictions) -> dict[str, list[object]]:
    """What the head adds to each predicted attribute, and bounds of intervals: ATTRIBUTE_NAME -> a value a row."""
    return {
        f"{attribute}_{name}": values[:, ATTRIBUTES.index(attribute)].tolist()
        for name, values in predictions.extra.items()
        for attribute in predictions.attributes
    }


def other_columns(predictions: Predictions) -> dict[str, Sequence[object]]:
    """What is predicted beside the ratings, as each target writes it: column -> an entry an utterance."""
    columns: dict[str, Sequence[object]] = {}
    for name, other in predictions.others.items():
        columns |= registry().create("target", name, other.options).predicted(other.outputs, other.columns)
    return columns
