from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from msftk.store.manifest import read_manifest


@pytest.fixture
def table(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    path = tmp_path / "mine.csv"
    path.write_text("id,wav,V,lang\nu1,a.wav,20,en\nu2,a.wav,40,da\n")
    return path


def test_demo_needs_no_root_and_says_that_ratings_are_planted(msftk: Callable[..., Any], tmp_path: Path) -> None:
    ended = msftk("prepare", "demo", "--out", tmp_path / "demo.parquet")
    assert (ended.code, ended.err) == (0, "")
    assert "ratings: planted on synthetic speech" in ended.out
    assert "186 utterances, rated 1..7" in ended.out
    assert len(read_manifest(tmp_path / "demo.parquet").utterances) == 186


def test_flags_name_columns_scale_and_rows(msftk: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    flags = ("--column", "audio=wav", "--column", "valence=V", "--scale", "0..100", "--where", "lang=en")
    ended = msftk("prepare", "csv", table, "--out", tmp_path / "m.parquet", *flags, "--set", "words=", "--json")
    found = json.loads(ended.out)
    assert (ended.code, found["corpus"], found["scale"], found["problems"]) == (0, "mine", [0, 100], [])
    assert found["splits"] == [
        {"split": None, "utterances": 1, "hours": pytest.approx(1 / 3600), "speakers": 0}
        | {"with_transcript": 0, "with_alignment": 0, "with_ratings": 1}
    ]
    (one,) = read_manifest(tmp_path / "m.parquet").utterances
    assert (one.id, one.ratings) == ("u1", {"valence": 20})


def test_items_left_out_are_listed_and_end_with_3(msftk: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    table.write_text(table.read_text() + "u3,gone.wav,1,en\n")
    ended = msftk("prepare", "csv", table, "--out", tmp_path / "m.parquet", "--set", "columns.audio=wav")
    assert ended.code == 3
    assert "1 left out:\n  u3: " in ended.err
    assert "gone.wav: no such file. Check the path of the audio." in ended.err
    assert "2 utterances, no ratings" in ended.out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--scale", "1-5"), "--scale 1-5: expected lowest and highest rating. Write e.g. 1..5."),
        (
            ("--column", "valence=V", "--scale", "5..1"),
            "rating scale 5..1: expected two finite numbers, low below high.",
        ),
        (("--column", "audio"), "--column audio: expected field=column. Write --column field=column."),
        (("--column", "audio=x"), "--column audio=x: 'audio' is given twice. Give it once."),
        (("--set", "audio_rot=x"), "unknown option 'corpus.audio_rot'. Did you mean 'audio_root'?"),
    ],
)
def test_wrong_flag_is_answered_in_one_line_with_2(
    msftk: Callable[..., Any], table: Path, tmp_path: Path, flags: tuple[str, ...], message: str
) -> None:
    ended = msftk("prepare", "csv", table, "--out", tmp_path / "m.parquet", "--column", "audio=wav", *flags)
    assert ended.code == 2
    assert message in ended.err.replace("\n", " ")


def test_unknown_corpus_names_those_installed(msftk: Callable[..., Any], tmp_path: Path) -> None:
    ended = msftk("prepare", "msp_podcast", tmp_path, "--out", tmp_path / "m.parquet")
    assert ended.code == 2
    assert "unknown corpus 'msp_podcast'. Did you mean 'msp-podcast'? Installed: csv, demo, emobank," in ended.err


def test_a_manifest_of_another_format_is_refused(msftk: Callable, tmp_path: Path) -> None:
    ended = msftk("prepare", "demo", "--out", tmp_path / "m.csv")
    assert ended.code == 2
    assert "m.csv: expected a file that ends in .parquet." in ended.err
    assert not (tmp_path / "m.csv").exists()
