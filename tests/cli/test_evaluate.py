from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from msftk.recipes.evaluate import evaluate


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
