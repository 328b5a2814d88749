"""A table of any number of recordings: written as it goes, and the same however often the job is killed."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from tones import voice

from msftk.errors import InputError
from msftk.progress import Progress
from msftk.recipes import recordings
from msftk.recipes.predict import Run, load
from msftk.recipes.predict_table import PredictedTable, predict_table
from msftk.store.manifest import Manifest, write_manifest
from msftk.store.memory import MemoryStore
from msftk.types import ATTRIBUTES

PART = 4
CHILD = """
import sys
from msftk.recipes import recordings
from msftk.recipes.predict import load
from msftk.recipes.predict_table import predict_table
from msftk.store.memory import MemoryStore
recordings.PART = 4
run, folder, out = sys.argv[1:]
told = lambda progress: print(progress.done, flush=True)
predict_table(load(run, "cpu"), folder, out, store=MemoryStore(), progress=told)
"""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "PART", PART)


@pytest.fixture(scope="module")
def run(tiny_run: Path) -> Run:
    return load(tiny_run, device="cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """18 recordings in two folders, two of one stem, and three that are none."""
    top = tmp_path_factory.mktemp("recordings")
    for place in range(18):
        own = top / ("a", "b")[place % 2]
        own.mkdir(exist_ok=True)
        name = "same" if place < 2 else f"r{place:02}"
        soundfile.write(own / f"{name}.wav", voice(90 + 10 * place, 0.3 + 0.02 * place), 16_000)
    for name in ("a/broken.wav", "b/r04x.flac", "empty.wav"):
        (top / name).write_bytes(b"RIFF" if "broken" in name else b"")
    return top


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(newline="")))


def test_the_table_holds_what_predict_says_in_the_order_of_the_files(run: Run, folder: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    said = run.predict(folder, store=MemoryStore())
    written = predict_table(run, folder, tmp_path / "said.csv", store=MemoryStore(), progress=told.append)
    table = rows(tmp_path / "said.csv")
    assert [row["id"] for row in table] == list(said.predictions.ids)
    assert {str(folder / "a/same.wav"), str(folder / "b/same.wav")} < {row["id"] for row in table}
    for row, one in zip(table, said, strict=True):
        assert [float(row[a]) for a in ATTRIBUTES] == pytest.approx([one.values[a] for a in ATTRIBUTES], abs=1e-5)
    assert (written.n, written.n_rows, written.n_found) == (18, 18, 0)
    assert (written.failures, written.absent, written.notes) == (said.failures, said.absent, said.notes)
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert (told[-1].done, told[-1].total) == (21, 21)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_job_that_was_cut_off_goes_on_and_nothing_is_there_twice(
    run: Run, folder: Path, suffix: str, tmp_path: Path
) -> None:
    whole, out, store = tmp_path / f"whole{suffix}", tmp_path / f"said{suffix}", MemoryStore()
    undisturbed = predict_table(run, folder, whole, store=store)

    def stop(told: Progress) -> None:
        if told.done > 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_table(run, folder, out, store=store, progress=stop)
    assert not out.exists()
    written = predict_table(run, folder, out, store=store)
    assert out.read_bytes() == whole.read_bytes()
    assert written.n_found in (4, 5, 6, 7, 8)
    assert (written.n, written.failures, written.absent) == (18, undisturbed.failures, undisturbed.absent)
    assert sorted(tmp_path.iterdir()) == sorted([whole, out])


def killed(tiny_run: Path, folder: Path, out: Path, stops_at: int) -> bool:
    """Whether the job, in a process of its own, was killed: as soon as it tells that so many are done."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, tiny_run, folder, out], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= stops_at:
            child.send_signal(signal.SIGKILL)
            break
    child.stdout.close()
    return child.wait() == -signal.SIGKILL


@pytest.mark.parametrize("kills", [(9,), pytest.param((1, 5, 9, 13, 20, 21), marks=pytest.mark.slow)])
def test_killed_by_signal_9_it_ends_with_the_same_table(
    kills: tuple[int, ...], tiny_run: Path, folder: Path, run: Run, tmp_path: Path
) -> None:
    out, whole = tmp_path / "said.jsonl", tmp_path / "whole.jsonl"
    predict_table(run, folder, whole, store=MemoryStore())
    assert all(killed(tiny_run, folder, out, stops_at) for stops_at in kills)
    assert not out.exists()
    assert predict_table(run, folder, out, store=MemoryStore()).n_found > 0
    lines, expected = ([json.loads(line) for line in one.open()] for one in (out, whole))
    assert [line["id"] for line in lines] == [line["id"] for line in expected]
    for line, own in zip(lines, expected, strict=True):
        assert [line[a] for a in ATTRIBUTES] == pytest.approx([own[a] for a in ATTRIBUTES], abs=1e-5)


def test_other_options_another_run_and_other_inputs_do_not_go_on_with_its_rows(
    run: Run, fold_run: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "said.csv"

    def stop(told: Progress) -> None:
        if told.done > 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_table(run, folder, out, store=MemoryStore(), progress=stop)
    others: list[Callable[[], PredictedTable]] = [
        lambda: predict_table(run, folder, out, store=MemoryStore(), clip=True),
        lambda: predict_table(load(fold_run, "cpu"), folder, out, store=MemoryStore()),
        lambda: predict_table(run, folder / "a", out, store=MemoryStore()),
    ]
    assert [other().n_found for other in others] == [0, 0, 0]
    monkeypatch.chdir(folder.parent)
    written = predict_table(run, folder.name, out, store=MemoryStore())  # the same folder by another name
    assert written.n_found > 0
    assert (written.n_rows, len({row["id"] for row in rows(out)})) == (18, 18)


def test_with_windows_it_has_a_row_a_window(run: Run, folder: Path, tmp_path: Path) -> None:
    written = predict_table(run, folder, tmp_path / "t.csv", store=MemoryStore(), window_s=0.3, hop_s=0.15)
    said = run.predict(folder, store=MemoryStore(), window_s=0.3, hop_s=0.15)
    assert written.n_rows == len(said.over_time) == len(rows(tmp_path / "t.csv"))
    assert list(rows(tmp_path / "t.csv")[0])[:3] == ["id", "start_s", "end_s"]


def test_a_manifest_and_sound_in_memory_are_streamed_too(run: Run, tone_corpus: Manifest, tmp_path: Path) -> None:
    write_manifest(tone_corpus, tmp_path / "M.parquet")
    given = [tmp_path / "M.parquet", (voice(120, 0.4), 16_000)]
    written = predict_table(run, given, tmp_path / "said.csv", store=MemoryStore())
    ids = [row["id"] for row in rows(tmp_path / "said.csv")]
    assert ids == [*(u.id for u in tone_corpus.utterances), "recording 2"]
    assert written.absent == run.predict(given, store=MemoryStore()).absent
    assert [one.id for part in run.stream(given, store=MemoryStore()) for one in part] == ids
    with pytest.raises(InputError, match=r"utterance id 's1_0' stands there twice"):
        predict_table(run, [tmp_path / "M.parquet", tone_corpus.utterances[0]], tmp_path / "t.csv")


def test_a_single_recording_that_cannot_be_read_is_an_error_and_all_of_many_are_listed(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"broken\.wav"):
        predict_table(run, folder / "a" / "broken.wav", tmp_path / "t.csv", store=MemoryStore())
    assert list(tmp_path.iterdir()) == []
    bad = [folder / "a" / "broken.wav", folder / "empty.wav"]
    written = predict_table(run, bad, tmp_path / "t.csv", store=MemoryStore())
    assert (written.n, list(written.failures)) == (0, [str(one) for one in bad])
    assert (tmp_path / "t.csv").read_text().startswith("id,valence,arousal,dominance,")


def test_what_is_wrong_with_the_store_is_told_of_the_store_and_of_the_table_of_the_table(
    tiny_run: Path, folder: Path, tmp_path: Path
) -> None:
    audio, out, store = folder / "a" / "r02.wav", tmp_path / "said.csv", tmp_path / "store"
    predict_table(load(tiny_run, "cpu"), audio, out, store=store)
    index = next(store.glob("*/index.jsonl"))
    index.unlink()
    index.mkdir()
    with pytest.raises(IsADirectoryError) as told:
        predict_table(load(tiny_run, "cpu"), audio, out, store=store)
    assert told.value.filename == str(index)
    assert not list(tmp_path.glob(".said.csv*"))
    (tmp_path / ".other.csv.parts").write_text("in the way")
    with pytest.raises(InputError, match=r"other\.csv: cannot be written \(Not a directory\)\. .+ --out"):
        predict_table(load(tiny_run, "cpu"), audio, tmp_path / "other.csv", store=MemoryStore())
