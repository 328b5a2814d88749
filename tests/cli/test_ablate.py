from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_corpus import TINY

from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest


@pytest.fixture
def ablate(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path, msftk: Callable, monkeypatch: pytest.MonkeyPatch
) -> Callable:
    write_manifest(tone_corpus, tmp_path / "M.parquet")
    monkeypatch.chdir(tmp_path)
    rows = 'name = "base"\nfusion.name = "none"\n', 'name = "film"\nsemantics = ["gs"]\nfusion.name = "film"\n'
    (tmp_path / "mine.toml").write_text("".join(f"[[row]]\n{row}" for row in rows))
    settings = [part for one in (*TINY, "training.epochs=1") for part in ("--set", one)]
    shared = ["M.parquet", "--grid", "mine.toml", "--seeds", "1", "--device", "cpu", "--store", tone_store.root]
    return lambda *given: msftk("ablate", *shared, *settings, *given)


def test_the_tables_are_printed_and_written_and_shards_say_what_is_left(ablate: Callable, tmp_path: Path) -> None:
    first = ablate("--shard", "1/2")
    assert first.code == 0
    assert "1 of 2 runs are finished" in first.err
    whole = ablate("--split", "dev")
    assert whole.code == 0
    assert "tones, dev" in whole.out
    assert "No difference between film and base can be claimed" in whole.out
    assert {path.suffix for path in (tmp_path / "runs" / "mine").glob("table-test.*")} == {
        ".md",
        ".tex",
        ".csv",
        ".json",
    }
    shown = json.loads(ablate("--json").out)
    assert shown["tables"]["test"] == json.loads((tmp_path / "runs" / "mine" / "table-test.json").read_text())
    assert ablate("--split", "tset").code == 2


def test_a_bad_shard_and_a_failed_run_end_with_their_codes(ablate: Callable, tmp_path: Path) -> None:
    assert "expected i/n, e.g. 2/8" in ablate("--shard", "2").err
    (tmp_path / "runs" / "mine" / "film").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "film" / "seed-0").write_text("a file")
    ended = ablate()
    assert ended.code == 3
    assert "film, seed 0: " in ended.err
