"""The columns of a corpus, and parts of it, alike for a table and for objects: nothing is made that nobody looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from msftk.errors import UnknownNameError, did_you_mean
from msftk.store.utterance_table import UtteranceTable
from msftk.types import ATTRIBUTES, Bool, RaterRating, Utterance

if TYPE_CHECKING:
    import pyarrow

TEXTS = ("id", "audio", "speaker", "gender", "language", "transcript", "alignment", "split", "session", "category")
NUMBERS = ("start_s", "end_s", *ATTRIBUTES, "duration_s")


def schema() -> pyarrow.Schema:
    """Columns of a manifest, with their types."""
    import pyarrow as pa

    rating = pa.struct(
        [("rater", pa.string()), *((name, pa.float64()) for name in ATTRIBUTES), ("category", pa.string())]
    )
    return pa.schema(
        [
            *((name, pa.string()) for name in TEXTS),
            *((name, pa.float64()) for name in NUMBERS),
            ("rater_ratings", pa.list_(rating)),
            ("audio_sha256", pa.string()),
            ("channel", pa.int64()),
            ("audio_bytes", pa.int64()),
            ("audio_mtime_ns", pa.int64()),
            ("transcript_by", pa.string()),
        ]
    )


def values_of(utterances: Sequence[Utterance], name: str) -> list[Any]:
    """The values of one column of `schema()` as `Utterance` has them, None where there is none."""
    if isinstance(utterances, UtteranceTable):
        return utterances.values(name)
    if name in ATTRIBUTES:
        return [None if u.ratings is None else u.ratings.get(name) for u in utterances]
    if name == "audio_bytes":
        return [None if u.audio_stamp is None else u.audio_stamp.n_bytes for u in utterances]
    if name == "audio_mtime_ns":
        return [None if u.audio_stamp is None else u.audio_stamp.mtime_ns for u in utterances]
    return [getattr(u, name) for u in utterances]


def plain_values(utterances: Sequence[Utterance], name: str) -> list[Any]:
    """`values_of`, of types that a table holds."""
    values = values_of(utterances, name)
    if name in ("audio", "alignment"):
        return [None if path is None else str(path) for path in values]
    if name == "rater_ratings":
        return [None if raters is None else [_rated(one) for one in raters] for raters in values]
    return values


def rows_of(utterances: Sequence[Utterance], names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Several columns row by row, as `values_of` gives each; of a table little is made at a time."""
    if isinstance(utterances, UtteranceTable):
        return utterances.rows_of(names)
    return zip(*(values_of(utterances, name) for name in names), strict=True)


def refuse_unknown(names: Iterable[str], utterances: Sequence[Utterance], column: str, place: str) -> None:
    """Raises UnknownNameError for a name that no utterance has in that column; `place`: the option that names them."""
    known = sorted(set(values_of(utterances, column)) - {None})
    for name in names:
        if name not in known:
            raise UnknownNameError(
                f"{place}: no utterance has {column} '{name}'. {did_you_mean(name, known)}"
                f"Found: {', '.join(known) or 'none'}."
            )


def ids_of(utterances: Sequence[Utterance]) -> list[str]:
    return values_of(utterances, "id")


def given(utterances: Sequence[Utterance], name: str) -> Bool:
    """Which have a value in that column [n]."""
    return np.array([value is not None for value in values_of(utterances, name)], bool)


def is_rated(utterances: Sequence[Utterance]) -> Bool:
    """Which have a rating of any attribute [n]."""
    valence, arousal, dominance = (given(utterances, name) for name in ATTRIBUTES)
    return valence | arousal | dominance


def take(utterances: Sequence[Utterance], places: Sequence[int]) -> Sequence[Utterance]:
    """Those of some places, in their order, as objects."""
    return utterances.take(places) if isinstance(utterances, UtteranceTable) else [utterances[row] for row in places]


def part(utterances: Sequence[Utterance], places: NDArray[np.integer[Any]]) -> Sequence[Utterance]:
    """Those of some places, in their order; of a table a table."""
    if isinstance(utterances, UtteranceTable):
        return utterances.part(places)
    return tuple(utterances[place] for place in places)


def chosen(utterances: Sequence[Utterance], keep: Sequence[bool] | Bool) -> Sequence[Utterance]:
    """Those of which `keep` [n] is true, in their order; of a table a table."""
    return part(utterances, np.flatnonzero(keep))


def joined(parts: Sequence[Sequence[Utterance]]) -> Sequence[Utterance]:
    """All of them, each once, in the order of their first appearance; of parts of one table a part of it."""
    tables = [one for one in parts if isinstance(one, UtteranceTable) and one.shares(parts[0])]
    if tables and len(tables) == len(parts):
        rows = np.concatenate([one.rows for one in tables])
        _, first = np.unique(rows, return_index=True)
        return tables[0].of_rows(rows[np.sort(first)])
    return tuple({utterance.id: utterance for one in parts for utterance in one}.values())


def with_splits(parts: Mapping[str, Sequence[Utterance]]) -> Sequence[Utterance]:
    """All of them, who share none, with the name of their part for a split."""
    everyone = joined([*parts.values()])
    if isinstance(everyone, UtteranceTable):
        return everyone.with_column("split", [name for name, one in parts.items() for _ in range(len(one))])
    return tuple(replace(utterance, split=name) for name, one in parts.items() for utterance in one)


def _rated(one: RaterRating) -> dict[str, Any]:
    return {"rater": one.rater, **one.ratings, "category": one.category}
