"""`msftk align`: a folder or manifest is aligned once, refusals are listed, and what is written is read back."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.recipes.align import align_corpus
from msftk.recipes.recordings import collect
from msftk.settings import load_settings
from msftk.speech.alignment import utterance_alignment
from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest

PROMPTS = Path(__file__).parents[2] / "msftk" / "demo" / "prompts"
SETTINGS = load_settings("tiny", None, ["aligner.name=pocketsphinx"], environment={})
NAMES = ("conf-locked", "im-sorry", "invalid")
WRONG = "invalid"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Recordings with their texts beside them; that of the last is another's."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    texts = {row["id"]: row["transcript"] for row in csv.DictReader((PROMPTS / "manifest.csv").open(encoding="utf-8"))}
    for name in NAMES:
        shutil.copy(PROMPTS / "audio" / f"{name}.flac", folder)
        (folder / f"{name}.txt").write_text(texts["cannot-complete-as-dialed" if name == WRONG else name])
    return folder


def manifest(folder: Path) -> Manifest:
    return collect(folder).manifest("recordings")


def test_what_can_be_aligned_is_and_the_rest_is_told(folder: Path, tmp_path: Path) -> None:
    done = align_corpus(manifest(folder), SETTINGS, store=Store(tmp_path / "store"))
    assert (done.n_utterances, done.n_made, done.n_given, done.aligner) == (3, 2, 0, "pocketsphinx")
    assert done.absent == {"alignment refused: the text does not fit the sound": (WRONG,)}
    assert done.warnings.keys() == {WRONG}
    assert done.failures == {}


def test_the_manifest_written_names_alignments_that_are_read_back(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "aligned.parquet"
    done = align_corpus(manifest(folder), SETTINGS, out=out, store=Store(tmp_path / "store"))
    aligned = read_manifest(out)
    assert done.out == out
    assert aligned.facts["aligned"] == "2 of 3 by pocketsphinx"
    first, _, last = aligned.utterances
    words = utterance_alignment(first).words
    assert words.labels == ("This", "conference", "is", "locked")
    rows = [row for row in csv.DictReader((tmp_path / "aligned.words.csv").open()) if row["id"] == first.id]
    assert {row["aligner"] for row in rows} == {"pocketsphinx"}
    np.testing.assert_allclose([float(row["start"]) for row in rows], words.start_s)
    assert len(utterance_alignment(first).phones) > len(words)
    assert last.alignment is None


def test_given_alignments_are_left_alone(folder: Path, tmp_path: Path) -> None:
    (folder / "im-sorry.csv").write_text("id,start,end,word\nim-sorry,0.1,0.5,sorry\n")
    out = tmp_path / "aligned.parquet"
    done = align_corpus(manifest(folder), SETTINGS, out=out, store=Store(tmp_path / "store"))
    assert (done.n_given, done.n_made) == (1, 1)
    assert [u.alignment.name for u in read_manifest(out).utterances if u.alignment] == [
        "aligned.words.csv",
        "im-sorry.csv",
    ]


def test_audio_that_cannot_be_read_is_a_failure_of_its_own(folder: Path, tmp_path: Path) -> None:
    corpus = manifest(folder)
    (folder / "conf-locked.flac").write_bytes(b"no sound")
    done = align_corpus(corpus, SETTINGS, store=Store(tmp_path / "store"))
    assert done.failures.keys() == {"conf-locked"}
    assert done.n_made == 1


def test_where_nothing_can_be_aligned_the_error_says_why(folder: Path, tmp_path: Path) -> None:
    for text in folder.glob("*.txt"):
        text.unlink()
    with pytest.raises(InputError, match=r"none of 3 utterances could be aligned\. .*no transcript"):
        align_corpus(manifest(folder), SETTINGS, store=Store(tmp_path / "store"))


def test_the_aligner_that_aligns_nothing_is_refused(folder: Path, tmp_path: Path) -> None:
    nobody = load_settings("tiny", None, ["aligner.name=none"], environment={})
    with pytest.raises(InputError, match=r"aligner 'none' aligns nothing\. Choose one by --aligner: .*pocketsphinx"):
        align_corpus(manifest(folder), nobody, store=Store(tmp_path / "store"))


def test_shards_together_align_the_whole(folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    made = [align_corpus(manifest(folder), SETTINGS, store=store, shard=f"{part}/2").n_made for part in (1, 2)]
    assert sum(made) == 2


def test_the_command_tells_what_it_did_and_ends_with_3(folder: Path, tmp_path: Path, msftk: Callable[..., Any]) -> None:
    ended = msftk("align", folder, "--store", tmp_path / "store")
    assert ended.code == 3
    assert "2 of 3 utterances aligned by pocketsphinx; stored in" in ended.out
    assert "1 without, alignment refused: the text does not fit the sound: invalid" in ended.err
    (folder / "invalid.flac").unlink()
    again = msftk("align", folder, "--store", tmp_path / "store", "--json")
    assert again.code == 0
    assert json.loads(again.out)["aligned"] == 2


def test_emphasis_finds_the_words_of_a_recording_by_its_text(folder: Path, msftk: Callable[..., Any]) -> None:
    beside = msftk("emphasis", folder / "conf-locked.flac", "--aligner", "pocketsphinx")
    assert beside.code == 0
    assert "aligned by pocketsphinx" in beside.out
    said = msftk(
        "emphasis",
        folder / "conf-locked.flac",
        "--aligner",
        "pocketsphinx",
        "--transcript",
        "Completely other words.",
        "--json",
    )
    assert said.code == 2
    assert "alignment refused: the text does not fit the sound" in said.err


def test_emphasis_of_a_folder_counts_who_aligned(folder: Path, tmp_path: Path, msftk: Callable[..., Any]) -> None:
    table = tmp_path / "stress.csv"
    done = msftk("emphasis", folder, "--aligner", "pocketsphinx", "--out", table, "--store", tmp_path / "store")
    assert "2 aligned by pocketsphinx" in done.err
    assert "1 left out, alignment refused" in done.err
    assert {row["id"] for row in csv.DictReader(table.open())} == {"conf-locked", "im-sorry"}
