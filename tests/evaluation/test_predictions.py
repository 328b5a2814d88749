"""The predictions table reads back what was written, and refuses what it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from msftk.errors import InputError, VersionError
from msftk.evaluation import predictions as table
from msftk.evaluation.predictions import Predictions, pooled, read_predictions, write_predictions
from msftk.types import RatingScale


@pytest.fixture
def said() -> Predictions:
    random = np.random.default_rng(0)
    contributions = random.normal(size=(4, 2, 3))
    return Predictions(
        ("a", "b", "c", "d"),
        1 + contributions.sum(axis=1),
        RatingScale(1, 5),
        ("acoustic", "transcript"),
        contributions,
        random.uniform(size=(4, 2, 3)),
        extra={"variance": random.uniform(size=(4, 3))},
        by_sources={"none": random.uniform(1, 5, size=(4, 3)), "gs,les": 1 + contributions.sum(axis=1)},
    )


def test_table_reads_back_what_was_written(said: Predictions, tmp_path: Path) -> None:
    write_predictions(said, tmp_path / "dev.parquet")
    read = read_predictions(tmp_path / "dev.parquet")
    assert (read.ids, read.scale, read.expert_names, read.clipped) == (said.ids, said.scale, said.expert_names, False)
    for name in ("values", "contributions", "routing"):
        np.testing.assert_array_equal(getattr(read, name), getattr(said, name))
    np.testing.assert_array_equal(read.extra["variance"], said.extra["variance"])
    assert list(read.by_sources) == ["none", "gs,les"]
    for name, values in said.by_sources.items():
        np.testing.assert_array_equal(read.by_sources[name], values)


def test_columns_begin_with_id_and_attributes(said: Predictions, tmp_path: Path) -> None:
    write_predictions(said, tmp_path / "dev.parquet")
    assert pq.read_table(tmp_path / "dev.parquet").column_names[:4] == ["id", "valence", "arousal", "dominance"]


def test_rows_are_chosen_and_ordered_by_id(said: Predictions) -> None:
    chosen = said.of(["c", "absent", "a"])
    assert chosen.ids == ("c", "a")
    np.testing.assert_array_equal(chosen.values, said.values[[2, 0]])
    np.testing.assert_array_equal(chosen.by_sources["none"], said.by_sources["none"][[2, 0]])


def test_another_scale_keeps_low_and_high(said: Predictions) -> None:
    moved = said.on(RatingScale(1, 7))
    np.testing.assert_allclose((moved.values - 1) / 6, (said.values - 1) / 4)
    np.testing.assert_allclose(moved.contributions.sum(axis=1) + 1, moved.values)
    np.testing.assert_allclose(moved.by_sources["gs,les"], moved.values)


def test_folds_are_pooled_row_by_row(said: Predictions) -> None:
    both = pooled([said.of(["a"]), said.of(["b", "c"])])
    assert both.ids == ("a", "b", "c")
    np.testing.assert_array_equal(both.extra["variance"], said.extra["variance"][:3])
    np.testing.assert_array_equal(both.by_sources["none"], said.by_sources["none"][:3])


def test_other_table_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"x\.parquet: not a predictions table of msftk"):
        read_predictions(tmp_path / "x.parquet")


def test_table_of_another_version_is_refused(
    said: Predictions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(table, "FORMAT_VERSION", 99)
        write_predictions(replace(said, extra={}), tmp_path / "x.parquet")
    with pytest.raises(VersionError, match="predictions of format version 99, expected 1"):
        read_predictions(tmp_path / "x.parquet")
