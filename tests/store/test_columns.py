"""A table of utterances and the same utterances as objects: alike in all that is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from msftk.store.columns import (
    chosen,
    given,
    ids_of,
    is_rated,
    joined,
    part,
    plain_values,
    rows_of,
    schema,
    take,
    values_of,
    with_splits,
)
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.store.utterance_table import UtteranceTable
from msftk.types import AudioStamp, RaterRating, RatingScale, Utterance

RATERS = (RaterRating("a", {"valence": 1.0}), RaterRating("b", {"arousal": 2.0, "dominance": 3.0}))
OBJECTS = (
    Utterance("u1", Path("/a.wav"), 0.5, 1.5, "s1", "female", "en", "hello", Path("/a.TextGrid"), "train", "1"),
    Utterance("u2", Path("/a.wav"), ratings={"arousal": 7.0}, rater_ratings=RATERS, category="angry", duration_s=1.0),
    Utterance("u3", None, transcript="hello", split="dev", audio_sha256="00ff", audio_stamp=AudioStamp(10, 20)),
    Utterance("u4", Path("/b.wav"), split="test", ratings={"valence": 1.0, "dominance": 2.5}, channel=1),
)


@pytest.fixture
def table(tmp_path: Path) -> UtteranceTable:
    write_manifest(Manifest("mine", RatingScale(1, 7), OBJECTS), tmp_path / "m.parquet")
    table = read_manifest(tmp_path / "m.parquet").utterances
    assert isinstance(table, UtteranceTable)
    return table


@pytest.mark.parametrize(
    "ask",
    [
        *[lambda us, name=name: values_of(us, name) for name in schema().names],
        *[lambda us, name=name: plain_values(us, name) for name in ("audio", "alignment", "rater_ratings")],
        ids_of,
        lambda us: [*rows_of(us, ("id", "audio", "valence", "channel"))],
        lambda us: given(us, "transcript").tolist(),
        lambda us: is_rated(us).tolist(),
        lambda us: tuple(take(us, [3, 0, 3])),
        lambda us: tuple(part(us, np.array([2, 1]))),
        lambda us: tuple(chosen(us, [True, False, False, True])),
        lambda us: (
            tuple(joined([us[2:], us])) if isinstance(us, tuple) else tuple(joined([us.part(np.array([2, 3])), us]))
        ),
        lambda us: tuple(with_splits({"dev": part(us, np.array([3])), "test": part(us, np.array([1, 0]))})),
    ],
)
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 3, 1, 0]])
def test_a_table_answers_as_the_objects_do(
    table: UtteranceTable, ask: Callable[[Sequence[Utterance]], Any], order: list[int]
) -> None:
    assert ask(part(table, np.array(order))) == ask(part(OBJECTS, np.array(order)))


def test_parts_of_a_table_hold_row_numbers_alone(table: UtteranceTable) -> None:
    second, first = (chosen(table, keep) for keep in ([False, True] * 2, [True, False] * 2))
    both = joined([second, first])
    assert isinstance(both, UtteranceTable)
    assert all(one.shares(table) for one in (second, first, both) if isinstance(one, UtteranceTable))
    assert ids_of(both) == ["u2", "u4", "u1", "u3"]
    assert both.rows.nbytes == 4 * len(OBJECTS)


def test_tables_of_two_corpora_and_objects_are_joined_as_objects(table: UtteranceTable) -> None:
    other = replace(OBJECTS[0], id="other")
    assert joined([table, (other,)]) == (*OBJECTS, other)
    assert joined([]) == ()


def test_another_split_leaves_the_table_as_it_was(table: UtteranceTable) -> None:
    made = with_splits({"dev": chosen(table, [True, False, False, False])})
    assert values_of(made, "split") == ["dev"]
    assert values_of(table, "split") == ["train", None, "dev", "test"]
