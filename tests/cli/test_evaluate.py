from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from msftk.recipes.evaluate import evaluate
from msftk.recipes.prediction_table import table_columns
from msftk.recipes.table_file import write_table
from msftk.runs.folder import RunFolder
from msftk.store.manifest import Manifest, write_manifest


def test_json_is_what_the_recipe_gives(msftk: Callable, tiny_run: Path) -> None:
    ended = msftk("evaluate", tiny_run, "--split", "test", "--json")
    assert json.loads(ended.out) == evaluate(tiny_run, split="test").json()


def test_the_tables_name_every_score_and_where_it_is_from(msftk: Callable, tiny_run: Path) -> None:
    shown = msftk("evaluate", tiny_run, "--split", "test").out
    for words in (
        "test (held out)",
        "valence",
        "Pearson",
        "acoustic",
        "CCC with only these sources",
        "corpus tones, scale 1..7",
    ):
        assert words in shown
    assert "ratings are made up for tests: not a score on human emotion" in shown


def test_a_split_that_the_run_lacks_is_told_with_those_it_has(msftk: Callable, tiny_run: Path) -> None:
    ended = msftk("evaluate", tiny_run, "--split", "test1")
    assert ended.code == 2
    assert "test1" in ended.err
    assert "dev" in ended.err


def test_parts_and_tables_made_elsewhere_go_the_same_way(
    msftk: Callable, tiny_run: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    write_manifest(tone_corpus, tmp_path / "M.parquet")
    write_table(table_columns(RunFolder(tiny_run).read_predictions("test")), tmp_path / "x.csv")
    by = ("--split", "test", "--by", "gender,duration")
    own = json.loads(msftk("evaluate", tiny_run, *by, "--json").out)
    made = json.loads(msftk("evaluate", "--predictions", tmp_path / "x.csv", tmp_path / "M.parquet", *by, "--json").out)
    assert made["slices"] == own["slices"]
    assert list(made["slices"]) == ["gender", "duration"]
    shown = msftk("evaluate", "--predictions", tmp_path / "x.csv", tmp_path / "M.parquet", *by).out
    assert "under 2 s" in shown
    assert f"predictions of {tmp_path / 'x.csv'}" in shown


def test_predictions_are_scored_by_themselves(msftk: Callable, tiny_run: Path, tmp_path: Path) -> None:
    ended = msftk("evaluate", "--predictions", tmp_path / "x.csv", tiny_run, tmp_path / "M.parquet")
    assert ended.code == 2
    assert "Name one manifest and no run" in ended.err
