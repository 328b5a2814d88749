"""What a model said of a set of utterances, with each expert's part, as one Parquet table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from msftk.errors import InputError, VersionError
from msftk.files import whole_file
from msftk.types import ATTRIBUTES, Float64, RatingScale

FORMAT_VERSION = 1


@dataclass(frozen=True)
class OtherTarget:
    """What a model says of a target beside the ratings: names of its columns, and outputs name -> [n, column].

    `options`: of the target, as the run's settings have them.
    """

    columns: tuple[str, ...]
    outputs: Mapping[str, Float64]
    options: Mapping[str, object] = field(default_factory=dict)

    def of(self, rows: Sequence[int]) -> OtherTarget:
        return replace(self, outputs={name: values[rows] for name, values in self.outputs.items()})


@dataclass(frozen=True)
class Predictions:
    """Predictions of n utterances by one model (or one a fold), attributes in the order of ATTRIBUTES.

    `values` [n, attribute] on the corpus scale, NaN where there is none. `contributions` [n, expert, attribute] is each
    expert's pi_k f_k (paper Eq. 7) in units of the corpus scale: over experts they add up to values - scale.low (before
    clipping). `routing` [n, expert, attribute] is pi_k. `extra`: what the head adds, name -> [n, attribute].
    `by_sources`: values [n, attribute] with only some semantic sources switched on, by their names ("gs,les", "none").
    `others`: what is predicted beside the ratings, by target. `gates`: source -> its weight [n] in its semantic group,
    NaN where the source is absent, of groups that a gate merges.
    """

    ids: tuple[str, ...]
    values: Float64
    scale: RatingScale
    expert_names: tuple[str, ...]
    contributions: Float64
    routing: Float64
    clipped: bool = False
    extra: Mapping[str, Float64] = field(default_factory=dict)
    by_sources: Mapping[str, Float64] = field(default_factory=dict)
    others: Mapping[str, OtherTarget] = field(default_factory=dict)
    gates: Mapping[str, Float64] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Those that are predicted: a model predicts no attribute that nobody rated for it."""
        return tuple(a for c, a in enumerate(ATTRIBUTES) if not len(self) or not np.isnan(self.values[:, c]).all())

    def of(self, ids: Sequence[str]) -> Predictions:
        """The rows of `ids`, in their order; ids without a prediction are left out.

        >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
        >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
        >>> made.of(["b", "unknown"]).values.tolist()
        [[5.0, 6.0, 7.0]]
        """
        place = {one: row for row, one in enumerate(self.ids)}
        rows = [place[one] for one in ids if one in place]
        return replace(
            self,
            ids=tuple(self.ids[row] for row in rows),
            values=self.values[rows],
            contributions=self.contributions[rows],
            routing=self.routing[rows],
            extra={name: values[rows] for name, values in self.extra.items()},
            by_sources={name: values[rows] for name, values in self.by_sources.items()},
            others={name: other.of(rows) for name, other in self.others.items()},
            gates={name: values[rows] for name, values in self.gates.items()},
        )

    def on(self, scale: RatingScale) -> Predictions:
        """The same predictions on another corpus' scale: low stays low, high stays high.

        >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
        >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
        >>> made.on(RatingScale(0, 6)).values.tolist()
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
        """
        if scale == self.scale:
            return self
        ratio = (scale.high - scale.low) / (self.scale.high - self.scale.low)
        by_sources = {n: scale.from_unit(self.scale.to_unit(values)) for n, values in self.by_sources.items()}
        return replace(
            self,
            values=scale.from_unit(self.scale.to_unit(self.values)),
            scale=scale,
            contributions=self.contributions * ratio,
            by_sources=by_sources,
        )


def by_attribute(values: Float64, columns: Sequence[str]) -> Float64:
    """[..., column] -> [..., attribute], NaN for an attribute that the model does not predict.

    >>> by_attribute(np.array([[2.0, 5.0]]), ["arousal", "valence"]).tolist()
    [[5.0, 2.0, nan]]
    """
    if tuple(columns) == ATTRIBUTES:
        return values
    whole = np.full((*values.shape[:-1], len(ATTRIBUTES)), np.nan)
    whole[..., [ATTRIBUTES.index(column) for column in columns]] = values
    return whole


def pooled(parts: Sequence[Predictions]) -> Predictions:
    """Predictions of several folds as one set.

    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> pooled([made.of(["b"]), made.of(["a"])]).ids
    ('b', 'a')
    """
    first = parts[0]
    return replace(
        first,
        ids=tuple(one for part in parts for one in part.ids),
        values=np.concatenate([part.values for part in parts]),
        contributions=np.concatenate([part.contributions for part in parts]),
        routing=np.concatenate([part.routing for part in parts]),
        extra={name: np.concatenate([part.extra[name] for part in parts]) for name in first.extra},
        by_sources={name: np.concatenate([part.by_sources[name] for part in parts]) for name in first.by_sources},
        others={name: _joined([part.others[name] for part in parts]) for name in first.others},
        gates={name: np.concatenate([part.gates[name] for part in parts]) for name in first.gates},
    )


def _joined(parts: Sequence[OtherTarget]) -> OtherTarget:
    """One target of several folds: columns (classes) that a fold does not know are NaN there."""
    columns = tuple(dict.fromkeys(column for part in parts for column in part.columns))
    outputs = {name: np.concatenate([_spread(part, name, columns) for part in parts]) for name in parts[0].outputs}
    return replace(parts[0], columns=columns, outputs=outputs)


def _spread(part: OtherTarget, name: str, columns: Sequence[str]) -> Float64:
    values = part.outputs[name]
    spread = np.full((len(values), len(columns)), np.nan)
    spread[:, [columns.index(column) for column in part.columns]] = values
    return spread


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Columns id, valence, arousal, dominance, what the head adds, each ATTRIBUTE_EXPERT_contribution and _routing.

    Then ATTRIBUTE given SOURCES, where predictions with fewer sources are there, and gate SOURCE.

    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_predictions(made, Path(folder) / "predictions.parquet")
    ...     read_predictions(Path(folder) / "predictions.parquet").ids
    ('a', 'b')
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {"id": list(predictions.ids)}
    for a, attribute in enumerate(ATTRIBUTES):
        columns[attribute] = predictions.values[:, a]
    for name, values in predictions.extra.items():
        for a, attribute in enumerate(ATTRIBUTES):
            columns[f"{attribute}_{name}"] = values[:, a]
    for a, attribute in enumerate(ATTRIBUTES):
        for k, expert in enumerate(predictions.expert_names):
            columns[f"{attribute}_{expert}_contribution"] = predictions.contributions[:, k, a]
            columns[f"{attribute}_{expert}_routing"] = predictions.routing[:, k, a]
    for name, values in predictions.by_sources.items():
        for a, attribute in enumerate(ATTRIBUTES):
            columns[f"{attribute} given {name}"] = values[:, a]
    for target, other in predictions.others.items():
        for name, values in other.outputs.items():
            columns |= {f"{target} {column} {name}": values[:, c] for c, column in enumerate(other.columns)}
    columns |= {f"gate {name}": values for name, values in predictions.gates.items()}
    about = {
        "format_version": FORMAT_VERSION,
        "scale": [predictions.scale.low, predictions.scale.high],
        "clipped": predictions.clipped,
        "experts": predictions.expert_names,
        "extra": list(predictions.extra),
        "by_sources": list(predictions.by_sources),
        "gates": list(predictions.gates),
        "others": {
            target: {"columns": other.columns, "outputs": list(other.outputs), "options": dict(other.options)}
            for target, other in predictions.others.items()
        },
    }
    table = pa.table(columns).replace_schema_metadata({"msftk": json.dumps(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        pq.write_table(table, file)


def read_predictions(path: Path) -> Predictions:
    """Raises InputError for a file that is not such a table, VersionError for one of another format version.

    >>> read_predictions(Path("missing.parquet"))
    Traceback (most recent call last):
    msftk.errors.InputError: missing.parquet: not a predictions table of msftk ...
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[b"msftk"])
        version = about["format_version"]
    except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
        raise InputError(
            f"{path}: not a predictions table of msftk ({error}). Run train again into a new folder."
        ) from error
    if version != FORMAT_VERSION:
        raise VersionError(
            f"{path}: predictions of format version {version}, expected {FORMAT_VERSION}. "
            "Read them with the msftk that wrote them, or train again."
        )
    experts = tuple(about["experts"])

    def stack(pattern: str) -> Float64:
        made = [[table[pattern.format(a=a, k=k)].to_numpy() for a in ATTRIBUTES] for k in experts]
        return np.array(made, np.float64).reshape(len(experts), len(ATTRIBUTES), len(table)).transpose(2, 0, 1)

    def attributes(pattern: str) -> Float64:
        return np.stack([np.asarray(table[pattern.format(a=a)].to_numpy(), np.float64) for a in ATTRIBUTES], axis=1)

    def other(
        target: str, columns: list[str], outputs: list[str], options: Mapping[str, object] | None = None
    ) -> OtherTarget:
        def stacked(name: str) -> Float64:
            return np.stack([table[f"{target} {column} {name}"].to_numpy() for column in columns], axis=1)

        return OtherTarget(tuple(columns), {name: stacked(name) for name in outputs}, options or {})

    return Predictions(
        ids=tuple(table["id"].to_pylist()),
        values=attributes("{a}"),
        scale=RatingScale(*about["scale"]),
        expert_names=experts,
        contributions=stack("{a}_{k}_contribution"),
        routing=stack("{a}_{k}_routing"),
        clipped=bool(about["clipped"]),
        extra={name: attributes(f"{{a}}_{name}") for name in about["extra"]},
        by_sources={name: attributes(f"{{a}} given {name}") for name in about.get("by_sources", ())},
        others={target: other(target, **kept) for target, kept in about.get("others", {}).items()},
        gates={name: np.asarray(table[f"gate {name}"].to_numpy(), np.float64) for name in about.get("gates", ())},
    )
