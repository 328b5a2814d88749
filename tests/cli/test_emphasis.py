from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import soundfile
from tones import WORDS, write_utterance

from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.types import RatingScale, Utterance


@pytest.fixture
def made(tmp_path: Path) -> Utterance:
    return write_utterance(tmp_path, "s01")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    utterances = write_utterance(tmp_path, "u1"), write_utterance(tmp_path, "u2", [*WORDS, (1.95, 2.5, "late")])
    write_manifest(Manifest("tones", RatingScale(1, 7), utterances), tmp_path / "m.parquet")
    return tmp_path / "m.parquet"


def test_words_are_shown_with_segment_and_top_word_marked(msftk: Callable[..., Any], made: Utterance) -> None:
    ended = msftk("emphasis", made.audio, made.alignment)
    assert ended.code == 0
    assert "[that *agent* is] logged" in ended.out
    assert "z pitch" in ended.out
    assert "[ ] emphasis segment, * highest score" in ended.out
    assert "\x1b" not in ended.out


def test_json_prints_one_object_and_nothing_else(msftk: Callable[..., Any], made: Utterance) -> None:
    ended = msftk("emphasis", made.audio, made.alignment, "--json")
    shown = json.loads(ended.out)
    assert shown["segment"] == {"text": "that agent is", "first": 0, "last": 2, "start_s": 0.1, "end_s": 1.2}
    assert [word["word"] for word in shown["words"]] == ["that", "agent", "is", "logged"]
    assert ended.err == ""


def test_set_changes_the_weights(msftk: Callable[..., Any], made: Utterance) -> None:
    weights = ("pitch=0", "energy=0", "duration=1")
    options = [part for weight in weights for part in ("--set", f"emphasis.weight_{weight}")]
    shown = json.loads(msftk("emphasis", made.audio, made.alignment, "--json", *options).out)
    assert [word["score"] for word in shown["words"]] == [word["z_duration"] for word in shown["words"]]
    assert shown["settings"]["weight_energy"] == 0


@pytest.mark.parametrize(("name", "head"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")])
def test_plot_draws_the_figure(
    msftk: Callable[..., Any], made: Utterance, tmp_path: Path, name: str, head: bytes
) -> None:
    ended = msftk("emphasis", made.audio, made.alignment, "--plot", tmp_path / name)
    assert ended.code == 0
    assert (tmp_path / name).read_bytes().startswith(head)


def test_a_manifest_becomes_a_table_and_an_alignment_that_cannot_be_used_is_a_warning(
    msftk: Callable[..., Any], corpus: Path, tmp_path: Path
) -> None:
    ended = msftk("emphasis", corpus, "--out", tmp_path / "t.parquet", "--store", tmp_path / "store", "--workers", 2)
    assert ended.code == 0
    assert "t.parquet: 4 words of 1 utterance" in ended.out
    assert "1 left out, alignment cannot be used: u2" in ended.err
    assert "warning: u2: " in ended.err
    assert "word 'late' ends at 2.500 s" in ended.err
    assert pyarrow.parquet.read_table(tmp_path / "t.parquet").num_rows == 4


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".CSV"])
def test_the_suffix_of_out_says_the_format_for_one_recording_a_folder_and_a_manifest(
    msftk: Callable[..., Any], made: Utterance, tmp_path: Path, suffix: str
) -> None:
    write_manifest(Manifest("tones", RatingScale(1, 7), (made,)), tmp_path / "m.parquet")
    assert made.audio
    tables = []
    for place in (made.audio, made.audio.parent, tmp_path / "m.parquet"):
        out = tmp_path / f"t{suffix}"
        ended = msftk("emphasis", place, "--out", out, "--store", tmp_path / "store", "--workers", 1)
        assert ended.code == 0, ended.err
        tables.append(read_table(out))
    assert tables[0] == tables[1] == tables[2]
    assert [row["word"] for row in tables[0]] == [word["word"] for word in json_of(msftk, made)["words"]]


def read_table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".parquet":
        return list(pyarrow.parquet.read_table(path).to_pylist())
    return list(csv.DictReader(path.open()))


def json_of(msftk: Callable[..., Any], utterance: Utterance) -> Any:
    return json.loads(msftk("emphasis", utterance.audio, utterance.alignment, "--json").out)


def test_a_bad_recording_of_a_folder_is_listed_and_the_others_done(
    msftk: Callable[..., Any], made: Utterance, tmp_path: Path
) -> None:
    assert made.audio
    (made.audio.parent / "broken.wav").write_bytes(b"not audio")
    ended = msftk("emphasis", made.audio.parent, "--out", tmp_path / "t.csv", "--store", tmp_path / "store")
    assert ended.code == 3
    assert "broken.wav" in ended.err
    assert (tmp_path / "t.csv").read_text().startswith("id,index,word,start_s,end_s,")


def test_utterances_without_alignment_are_counted_and_no_failure(
    msftk: Callable[..., Any], made: Utterance, tmp_path: Path
) -> None:
    without = [replace(made, id=f"v{i}", alignment=None) for i in range(4)]
    write_manifest(Manifest("tones", RatingScale(1, 7), (made, *without)), tmp_path / "m.parquet")
    ended = msftk("emphasis", tmp_path / "m.parquet", "--out", tmp_path / "t.parquet", "--store", tmp_path / "store")
    assert ended.code == 0
    assert "4 left out, no alignment: v0, v1, v2, ..." in ended.err


def test_a_manifest_with_json_prints_counts_and_failures(
    msftk: Callable[..., Any], corpus: Path, tmp_path: Path
) -> None:
    manifest = read_manifest(corpus)
    gone = replace(manifest.utterances[0], id="u5", audio=tmp_path / "gone.wav", audio_sha256=None)
    write_manifest(replace(manifest, utterances=(*manifest.utterances, gone)), corpus)
    ended = msftk("emphasis", corpus, "--out", tmp_path / "t.parquet", "--store", tmp_path / "store", "--json")
    shown = json.loads(ended.out)
    assert ended.code == 3
    assert (shown["utterances"], shown["words"], shown["absent"], list(shown["failed"])) == (1, 4, 1, ["u5"])
    assert shown["reasons"] == {"alignment cannot be used": 1}
    assert list(shown["warnings"]) == ["u2"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["gone.wav"],
            "gone.wav: no alignment given. Name a TextGrid or words.csv after the audio, or say by --transcript",
        ),
        (["{audio}", "--out", "t.pdf"], "t.pdf: expected a file that ends in .csv, .jsonl, .parquet."),
        (["m.parquet"], "m.parquet: a manifest. Name the table to write, e.g. --out stress.csv."),
        (["m.parquet", "{alignment}", "--out", "t.parquet"], "m.parquet: a manifest: it names the alignments"),
        (["{audio.parent}"], ": a folder. Name the table to write, e.g. --out stress.csv."),
        (["m.parquet", "--out", "t.parquet"], "m.parquet: no such manifest"),
        (["gone.wav", "{alignment}"], "gone.wav: no such file"),
        (["{audio}", "gone.TextGrid"], "gone.TextGrid: no such file"),
        (
            ["{audio}", "{alignment}", "--plot", "a.bmp"],
            "a.bmp: cannot draw '.bmp' files. Name a file that ends in .png",
        ),
        (["{audio}", "{alignment}", "--plot", "no/a.png"], "no/a.png: cannot be written"),
        (["{audio}", "{alignment}", "--set", "emphasis.weight=2"], "unknown option 'emphasis.weight'. Did you mean"),
        (["{audio}", "{alignment}", "--set", "emphasis.name=lefm"], "unknown emphasis 'lefm'. Did you mean 'lemf'?"),
        (["{audio}", "{alignment}", "--set", "emphasis.weight_pitch=inf"], "emphasis.weight_pitch is inf"),
    ],
)
def test_usage_errors_end_with_2_and_say_what_to_do(
    msftk: Callable[..., Any], made: Utterance, arguments: list[str], said: str
) -> None:
    ended = msftk("emphasis", *(a.format(audio=made.audio, alignment=made.alignment) for a in arguments))
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""


def test_help_ends_with_an_example(msftk: Callable[..., Any]) -> None:
    assert "Example: msftk emphasis speech.wav speech.TextGrid" in " ".join(msftk("emphasis", "--help").out.split())


def test_tier_with_another_name_is_named_by_flag(msftk: Callable[..., Any], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * np.sin(np.arange(16_000) / 16_000 * 2 * np.pi * 200), 16_000)
    tiers = "".join(f'"IntervalTier" "{tier}" 0 1 1 0 1 "a" ' for tier in ("word", "phone"))
    (tmp_path / "a.TextGrid").write_text(f'"ooTextFile" "TextGrid" 0 1 <exists> 2 {tiers}')
    files = ("emphasis", tmp_path / "a.wav", tmp_path / "a.TextGrid", "--json")
    missing = msftk(*files)
    assert missing.code == 2
    assert "no tier named 'words' (found: 'word', 'phone'). Name the tier with --word-tier word" in missing.err
    found = msftk(*files, "--word-tier", "word", "--phone-tier", "phone")
    assert (found.code, json.loads(found.out)["segment"]["text"]) == (0, "a")
