"""`msftk extract`: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from msftk.files import sha256_file
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.types import AudioStamp, RatingScale, Utterance

Msftk = Callable[..., Any]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two utterances of noise without alignment, the second without a transcript."""
    noise = np.random.default_rng(0).normal(0, 0.1, 8000)
    for name, loudness in (("a", 1.0), ("b", 0.5)):
        soundfile.write(tmp_path / f"{name}.wav", loudness * noise, 16000)
    utterances = (
        Utterance("a", tmp_path / "a.wav", transcript="Please stop."),
        Utterance("b", tmp_path / "b.wav"),
    )
    write_manifest(Manifest("test", RatingScale(1, 7), utterances), tmp_path / "M.parquet")
    return tmp_path / "M.parquet"


def options(tmp_path: Path) -> tuple[str, ...]:
    chosen = "--semantics", "gs,les", "--aligner", "none", "--set", "text.name=hashing"
    return *chosen, "--store", str(tmp_path / "store")


def test_extract_prints_a_row_a_source_with_reasons(msftk: Msftk, manifest: Path, tmp_path: Path) -> None:
    ended = msftk("extract", manifest, *options(tmp_path))
    assert ended.code == 0, ended.err
    rows = [line.split() for line in ended.out.splitlines()]
    assert rows[0] == ["source", "group", "dim", "present", "absent"]
    assert rows[1] == ["gs", "transcript", "256", "1", "1", "no", "transcript"]
    assert rows[2] == ["les", "transcript", "256", "0", "2", "no", "alignment"]
    assert f"2 utterances, stored in {tmp_path / 'store'}" in ended.out


MADE = {"F0": 2, "gs": 1, "text vectors": 1}


def test_extract_prints_what_was_made_found_and_failed_of_each_stage(
    msftk: Msftk, manifest: Path, tmp_path: Path
) -> None:
    msftk("extract", manifest, *options(tmp_path), "--semantics", "gs")
    ended = msftk("extract", manifest, *options(tmp_path), "--semantics", "gs,es")
    table = ended.out.partition("\n\n")[2]
    rows = {name: rest for name, *rest in (re.split(r"\s{2,}", line) for line in table.splitlines())}
    assert rows["stage"] == ["made", "from the store", "failed"]
    assert rows["F0"] == ["0", "2", "0"]
    assert rows["gs"] == ["0", "1", "0"]
    assert rows["es"] == ["2", "0", "0"]
    assert rows["text vectors"] == ["1", "1", "0"]


def test_extract_prints_one_json_object(msftk: Msftk, manifest: Path, tmp_path: Path) -> None:
    ended = msftk("extract", manifest, *options(tmp_path), "--json")
    found = json.loads(ended.out)
    assert found["n"] == 2
    assert found["sources"]["gs"] == {"group": "transcript", "dim": 256, "present": 1, "absent": {"no transcript": 1}}
    assert found["failures"] == {}
    assert found["stages"] == {stage: {"made": n, "found": 0, "failed": {}} for stage, n in MADE.items()}
    again = json.loads(msftk("extract", manifest, *options(tmp_path), "--json").out)
    assert again["stages"] == {stage: {"made": 0, "found": n, "failed": {}} for stage, n in MADE.items()}
    assert set(found) == {"n", "sources", "made_by", "stages", "failures", "warnings", "ratings", "store", "producers"}


def test_bad_audio_is_listed_and_ends_with_3(msftk: Msftk, manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "b.wav").write_bytes(b"broken")
    ended = msftk("extract", manifest, *options(tmp_path), "--workers", "1")
    assert ended.code == 3
    assert "1 failed:" in ended.err
    assert "b.wav" in ended.err
    assert "gs" in ended.out


def test_an_unknown_source_ends_with_2_and_names_the_nearest(msftk: Msftk, manifest: Path) -> None:
    ended = msftk("extract", manifest, "--semantics", "gss")
    assert ended.code == 2
    assert "unknown semantic-source 'gss'. Did you mean 'gs'?" in ended.err


def test_audio_that_changed_since_prepare_is_prepared_anew_and_told(
    msftk: Msftk, manifest: Path, tmp_path: Path
) -> None:
    """Another time alone is no change: the content decides."""
    corpus = read_manifest(manifest)
    stamped = tuple(
        replace(u, audio_sha256=sha256_file(u.audio), audio_stamp=AudioStamp.of(u.audio)) for u in corpus.utterances
    )
    write_manifest(replace(corpus, utterances=stamped), manifest)
    msftk("extract", manifest, *options(tmp_path))
    os.utime(tmp_path / "a.wav", ns=(0, 0))
    ended = msftk("extract", manifest, *options(tmp_path), "--json")
    assert json.loads(ended.out)["stages"]["F0"] == {"made": 0, "found": 2, "failed": {}}
    assert ended.err == ""
    noise = np.random.default_rng(1).normal(0, 0.1, 8000)
    soundfile.write(tmp_path / "a.wav", noise, 16000)
    for made in (1, 0):
        ended = msftk("extract", manifest, *options(tmp_path), "--json")
        assert json.loads(ended.out)["stages"]["F0"] == {"made": made, "found": 2 - made, "failed": {}}
        assert ended.err.startswith("warning: a: the audio is not what `msftk prepare` saw: prepared anew.")
    soundfile.write(tmp_path / "b.wav", noise, 16000)
    assert "warning: 2 recordings: the audio is not what" in msftk("extract", manifest, *options(tmp_path)).err
