"""The corpus job: parts that outlive a kill, and what they are good for."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import soundfile
from tones import tones, write_utterance

from msftk.errors import MsftkError
from msftk.files import lock
from msftk.progress import Progress
from msftk.recipes.emphasis_corpus import EmphasisTable, emphasise_corpus
from msftk.recipes.emphasis_table import RowLog
from msftk.settings import load_settings
from msftk.store.manifest import Manifest, write_manifest
from msftk.store.shelf import Shelf
from msftk.types import RatingScale, Utterance
from msftk_plugins.emphasis.lemf import Lemf
from msftk_plugins.f0.world import Dio

DIO = ["emphasis.f0=dio"]  # quick; kept apart from F0 that other tests stored

SLOWED = """
import sys, time
from msftk.cli.app import run
from msftk_plugins.f0.world import Dio
quick = Dio.f0_hz
Dio.f0_hz = lambda *arguments: (time.sleep(0.25), quick(*arguments))[1]
sys.exit(run(sys.argv[1:]))
"""


def corpus(folder: Path, n: int) -> Manifest:
    """Utterances with sounds of their own, the later the shorter."""
    utterances = []
    for i in range(n):
        utterance = write_utterance(folder, f"u{i:02d}")
        rng = np.random.default_rng(i)
        soundfile.write(utterance.audio, tones() + rng.normal(0, 1e-3, 32_000).astype(np.float32), 16_000)
        utterances.append(replace(utterance, duration_s=2 - i / 1000))
    return Manifest("tones", RatingScale(1, 7), tuple(utterances), {})


def table(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


def run(manifest: Manifest, out: Path, store: str = "store", **options: Any) -> EmphasisTable:
    """Into a store of its own each time, so that nothing but parts can spare work."""
    settings = options.pop("settings", load_settings(assignments=DIO))
    return emphasise_corpus(manifest, out, settings=settings, store=out.parent / store, **options)


@pytest.fixture
def f0_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each F0 that is computed."""
    calls, quick = [], Dio.f0_hz

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        return quick(*arguments)

    monkeypatch.setattr(Dio, "f0_hz", counted)
    return calls


def n_logged(parts: Path) -> int:
    """Utterances whose rows are kept."""
    return sum(len(Shelf(folder)) for folder in parts.glob("*"))


def test_a_killed_run_goes_on_from_its_parts_and_ends_as_if_nothing_had_been(
    tmp_path: Path, f0_calls: list[int]
) -> None:
    manifest, out = corpus(tmp_path, 16), tmp_path / "t.parquet"
    write_manifest(manifest, tmp_path / "m.parquet")
    arguments = ["emphasis", tmp_path / "m.parquet", "--out", out, "--store", tmp_path / "killed", "--workers", "2"]
    process = subprocess.Popen([sys.executable, "-c", SLOWED, *map(str, arguments), "--set", *DIO])
    parts = tmp_path / ".t.parquet.parts"
    until = time.monotonic() + 60
    while n_logged(parts) < 4 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    kept = n_logged(parts)

    done = run(manifest, out, "fresh")
    assert 4 <= done.n_found == kept < 16
    assert len(f0_calls) == 16 - done.n_found
    assert not parts.exists()
    run(manifest, tmp_path / "whole.parquet", "other")
    assert table(out) == table(tmp_path / "whole.parquet")
    assert list(dict.fromkeys(row["id"] for row in table(out))) == [u.id for u in manifest.utterances]


def interrupted(manifest: Manifest, out: Path, after: int = 1, **options: Any) -> None:
    """A run that ends by Ctrl-C after some groups."""
    groups = 0

    def stop(progress: Progress) -> None:
        nonlocal groups
        groups += 1
        if groups == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(manifest, out, "first", progress=stop, workers=1, **options)


def test_an_interrupted_run_keeps_its_parts(tmp_path: Path, f0_calls: list[int]) -> None:
    manifest, out = corpus(tmp_path, 4), tmp_path / "t.parquet"
    interrupted(manifest, out, after=2)
    assert not out.exists()
    f0_calls.clear()
    done = run(manifest, out)
    assert done.n_found >= 2
    assert len(f0_calls) == 4 - done.n_found


def test_a_torn_part_is_done_again(tmp_path: Path, f0_calls: list[int]) -> None:
    manifest, out = corpus(tmp_path, 2), tmp_path / "t.parquet"
    interrupted(manifest, out)
    for part in tmp_path.glob(".t.parquet.parts/*/*.shard"):
        part.write_bytes(part.read_bytes()[:200])
    (tmp_path / ".t.parquet.parts" / ".unfinished.x").write_text("torn")
    assert run(manifest, out).n_found == 0
    assert len(table(out)) == 8
    assert not list(tmp_path.glob(".t.parquet*"))


def test_parts_of_other_settings_or_another_alignment_are_not_taken(tmp_path: Path) -> None:
    manifest, out = corpus(tmp_path, 2), tmp_path / "t.parquet"
    interrupted(manifest, out)
    grid = manifest.utterances[0].alignment
    assert grid
    grid.write_text(grid.read_text().replace("agent", "angel"))
    interrupted(manifest, out, settings=load_settings(assignments=[*DIO, "emphasis.weight_pitch=2"]))
    done = run(manifest, out)
    assert done.n_found < 2
    assert [row["word"] for row in table(out)][:2] == ["that", "angel"]
    assert table(out)[0]["score"] == pytest.approx(
        sum(w * table(out)[0][z] for w, z in ((1.0, "z_pitch"), (1.2, "z_energy"), (0.8, "z_duration")))
    )


def test_a_full_disk_ends_the_run_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    manifest, out = corpus(tmp_path, 3), tmp_path / "t.parquet"
    monkeypatch.setattr(RowLog, "append", full)
    with pytest.raises(MsftkError, match=r"t\.parquet: cannot be written \(No space left .+ is kept: make room"):
        run(manifest, out)


def test_a_full_store_is_told_of_the_store_not_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put = Shelf.put

    def full(shelf: Shelf, *given: Any) -> None:
        if shelf.folder.parent.name == "store":
            raise OSError(errno.ENOSPC, "No space left on device", str(shelf.folder / "index.jsonl"))
        put(shelf, *given)

    manifest = corpus(tmp_path, 3)
    monkeypatch.setattr(Shelf, "put", full)
    with pytest.raises(MsftkError, match=r"store: cannot be written \(No space left .+ is kept: make room"):
        run(manifest, tmp_path / "t.parquet")


def test_a_second_job_for_one_table_is_refused_and_names_the_first(tmp_path: Path) -> None:
    manifest, out = corpus(tmp_path, 1), tmp_path / "t.parquet"
    with (
        lock(out, ""),
        pytest.raises(MsftkError, match=rf"\.t\.parquet\.lock: held by process {os.getpid()} .+ with --out\."),
    ):
        run(manifest, out)
    run(manifest, out)
    assert not list(tmp_path.glob(".t.parquet*"))


def test_any_number_of_workers_writes_the_same_table(tmp_path: Path) -> None:
    manifest = corpus(tmp_path, 5)
    for workers in (1, 3):
        run(manifest, tmp_path / f"{workers}.parquet", f"store{workers}", workers=workers)
    assert table(tmp_path / "1.parquet") == table(tmp_path / "3.parquet")


def test_a_scorer_that_refuses_one_utterance_spoils_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def picky(self: Lemf, waveform: Any, rate: int, alignment: Any, transcript: Any, *, prosody: Any) -> Any:
        if "u01" in alignment.source:
            raise RuntimeError("not this one")
        return prosody.z_pitch

    monkeypatch.setattr(Lemf, "weights", None)
    monkeypatch.setattr(Lemf, "scores", picky)
    done = run(corpus(tmp_path, 3), tmp_path / "t.parquet", workers=1)
    assert done.failures == {"u01": "RuntimeError: not this one"}
    assert done.n_utterances == 2


def test_progress_counts_seconds_of_audio_and_tells_the_speed(tmp_path: Path) -> None:
    steps: list[Progress] = []
    done = run(corpus(tmp_path, 3), tmp_path / "t.parquet", progress=steps.append, workers=1)
    assert [(step.done, step.total) for step in steps] == [(2, 6), (4, 6), (6, 6)]
    assert all(step.note.endswith(" s of audio a second") for step in steps)
    assert done.audio_s == 6


def test_a_merge_in_small_steps_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = corpus(tmp_path, 5)
    run(manifest, tmp_path / "whole.parquet")
    monkeypatch.setattr("msftk.recipes.emphasis_table.UTTERANCES_A_GROUP", 2)
    run(manifest, tmp_path / "steps.parquet")
    assert table(tmp_path / "whole.parquet") == table(tmp_path / "steps.parquet")


def test_an_utterance_of_a_bad_name_is_no_trouble(tmp_path: Path) -> None:
    made: Utterance = replace(corpus(tmp_path, 1).utterances[0], id='a/b "c"\n')
    run(Manifest("tones", RatingScale(1, 7), (made,), {}), tmp_path / "t.parquet")
    assert table(tmp_path / "t.parquet")[0]["id"] == 'a/b "c"\n'


def test_shards_make_the_table_in_parts_and_the_store_that_all_of_it_needs(
    tmp_path: Path, f0_calls: list[int], tone_corpus: Manifest
) -> None:
    settings = load_settings("tiny", assignments=DIO)
    parts = [
        emphasise_corpus(
            tone_corpus, tmp_path / f"{i}.jsonl", settings=settings, store=tmp_path / "store", shard=f"{i}/3"
        )
        for i in (1, 2, 3)
    ]
    assert sum(part.n_utterances for part in parts) == 22  # two have no alignment
    heard = len(f0_calls)
    emphasise_corpus(tone_corpus, tmp_path / "all.jsonl", settings=settings, store=tmp_path / "store")
    assert len(f0_calls) == heard
    rows = [line for part in parts for line in part.path.read_text().splitlines()]
    assert sorted(rows) == sorted((tmp_path / "all.jsonl").read_text().splitlines())
