"""A table of utterances is the sequence of its objects, whichever rows it has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow
import pytest

from msftk.store import utterance_table
from msftk.store.columns import schema
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.store.utterance_table import UtteranceTable
from msftk.types import RaterRating, RatingScale, Utterance

OBJECTS = tuple(
    Utterance(f"u{k}", Path("a.wav"), k, k + 1.0, rater_ratings=(RaterRating(f"r{k}", {"valence": k}),) * (k % 3))
    for k in range(1, 8)
)


@pytest.fixture(params=["whole", "two pieces", "rows"])
def table(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UtteranceTable:
    write_manifest(Manifest("mine", RatingScale(1, 7), OBJECTS), tmp_path / "m.parquet")
    monkeypatch.setattr(utterance_table, "_BATCH", 3)
    table = read_manifest(tmp_path / "m.parquet").utterances
    assert isinstance(table, UtteranceTable)
    if request.param == "rows":
        turned = table.part(np.arange(7)[::-1])
        return turned.part(np.arange(7)[::-1])
    if request.param == "two pieces":
        return UtteranceTable(pyarrow.concat_tables([table.table.slice(0, 2), table.table.slice(2)]))
    return table


def test_it_is_the_sequence_of_its_objects(table: UtteranceTable) -> None:
    assert len(table) == 7
    assert tuple(table) == OBJECTS
    assert table == OBJECTS
    assert table[2] == OBJECTS[2]
    assert table[-1] == OBJECTS[-1]
    assert table[1:6:2] == OBJECTS[1:6:2]
    assert table.take([5, 5, 0]) == (OBJECTS[5], OBJECTS[5], OBJECTS[0])
    with pytest.raises(IndexError):
        table[7]


def test_a_part_of_a_part_counts_places_of_its_own(table: UtteranceTable) -> None:
    some = table.part(np.array([6, 4, 2]))
    assert tuple(some.part(np.array([2, 0]))) == (OBJECTS[2], OBJECTS[6])
    assert some[1] == OBJECTS[4]
    assert some.table["id"].to_pylist() == ["u7", "u5", "u3"]


def test_a_column_is_changed_where_the_part_is(table: UtteranceTable) -> None:
    changed = table.part(np.array([3, 1])).with_column("split", ["dev", "test"])
    assert [(u.id, u.split) for u in changed] == [("u4", "dev"), ("u2", "test")]
    assert changed == tuple(changed)
    assert table[3].split is None


def test_a_text_is_in_memory_once_and_told_as_it_was(tmp_path: Path) -> None:
    long = "a" * 1000
    many = tuple(Utterance(f"u{k}", Path("a.wav"), k, k + 1.0, transcript=long if k % 2 else None) for k in range(500))
    write_manifest(Manifest("mine", RatingScale(1, 7), many), tmp_path / "m.parquet")
    table = read_manifest(tmp_path / "m.parquet").utterances
    assert isinstance(table, UtteranceTable)
    assert table._whole.nbytes < table.table.nbytes / 2
    assert table.table.schema == schema()
    assert table == many
    write_manifest(Manifest("mine", RatingScale(1, 7), table), tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "m.parquet").read_bytes()


def test_equal_texts_are_one_object(table: UtteranceTable) -> None:
    first, second = table.values("audio")[:2]
    assert first is second
