from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from recipes.test_systems import run_of


def test_scores_differences_and_claims_are_printed(tiny_run: Path, tmp_path: Path, msftk: Callable) -> None:
    film = run_of(tiny_run, tmp_path / "film", fusion={"name": "film"})
    named = f"moe={tiny_run}", f"film={film}"
    ended = msftk("compare", "--system", named[0], "--system", named[1], "--draws", 200)
    assert ended.code == 0
    assert "film over moe" in ended.out
    assert "No difference between film and moe can be claimed" in ended.out
    assert "One run a system" in ended.out
    shown = json.loads(msftk("compare", tiny_run, film, "--split", "dev", "--json").out)
    assert shown["facts"]["split"] == "dev"
    assert shown["claims"]
    assert shown["scope"]


def test_bad_names_are_refused(tiny_run: Path, msftk: Callable) -> None:
    for given, said in {
        "film": "expected NAME=RUN,RUN",
        f"film={tiny_run}": "one system, expected two or more",
    }.items():
        ended = msftk("compare", "--system", given)
        assert ended.code == 2
        assert said in ended.err
    assert msftk("compare").code == 2
