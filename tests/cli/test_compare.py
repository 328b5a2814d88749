from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from published_models import write_published
from recipes.test_systems import run_of

from msftk.store.manifest import Manifest, write_manifest


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


def test_a_published_model_is_a_system_and_part_of_a_mean(
    tiny_run: Path, tone_corpus: Manifest, tmp_path: Path, msftk: Callable
) -> None:
    folder = write_published("wav2small", tmp_path / "small")
    write_manifest(tone_corpus, tmp_path / "tones.parquet")
    ended = msftk(
        *("compare", tiny_run, "--model", folder, "--system", f"both={tiny_run},{folder}", "--combine", "mean"),
        *("--draws", 200, "--json"),
    )
    assert ended.code == 0, ended.err
    assert ended.err.count("licence of") == 1
    found = json.loads(ended.out)
    assert [len(one["runs"]) for one in found["systems"].values()] == [1, 1, 1]
    alone = msftk("compare", "--model", folder, tmp_path / "tones.parquet")
    assert (alone.code, alone.out) == (2, "")
    assert "one system, expected two or more" in alone.err
    assert "--combine max: unknown" in msftk("compare", tiny_run, "--combine", "max").err
