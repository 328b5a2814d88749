from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from msftk.errors import InputError
from msftk.files import sha256_file
from msftk.progress import Progress
from msftk.recipes import prepare as recipe
from msftk.recipes.prepare import SplitCounts, prepare
from msftk.store.manifest import read_manifest
from msftk.types import AudioStamp

TABLE = """id,audio,start_s,end_s,speaker,split,transcript,valence
u1,a.wav,,,s1,train,hello,2
u2,a.wav,0.25,0.75,s2,train,,3
u3,b.wav,,,s3,dev,there,
u4,gone.wav,,,s3,dev,there,1
u5,broken.wav,,,s3,dev,there,1
u6,a.wav,0.5,7,s3,dev,there,1
u7,b.wav,,,s3,dev,there,good
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for name, seconds in (("a", 1.0), ("b", 1.8)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(int(seconds * 16_000)), 16_000)
    (tmp_path / "broken.wav").write_text("not sound")
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return path


def test_manifest_holds_lengths_hashes_and_absolute_paths(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.parquet"
    result = prepare("csv", table, out, options={"scale": (1, 5)})
    assert read_manifest(out) == result.manifest
    first, second, third = result.manifest.utterances
    assert [first.duration_s, second.duration_s, third.duration_s] == [1.0, 0.5, 1.8]
    assert first.audio == tmp_path / "a.wav"
    assert first.audio_sha256 == second.audio_sha256 == sha256_file(tmp_path / "a.wav")
    assert {u.id: u.audio_stamp for u in result.manifest.utterances}["u3"] == AudioStamp.of(tmp_path / "b.wav")
    assert result.manifest.facts["root"] == str(table)
    assert result.manifest.facts["left out"] == "4"


def test_bad_items_are_listed_and_left_out(table: Path, tmp_path: Path) -> None:
    problems = prepare("csv", table, tmp_path / "m.parquet", options={"scale": (1, 5)}).problems
    expected = "expected a number from 1 to 5. Correct the row or remove it."
    assert problems[0] == f"{table}:8: valence is 'good', {expected}"
    assert problems[1] == f"u4: {tmp_path}/gone.wav: no such file. Check the path of the audio."
    assert problems[2].startswith(f"u5: {tmp_path}/broken.wav: cannot be decoded (")
    assert problems[3].startswith(f"u6: {tmp_path}/a.wav: segment 0.5 to 7 s, expected")
    assert len(problems) == 4


def test_counts_by_split(table: Path, tmp_path: Path) -> None:
    counts = prepare("csv", table, tmp_path / "m.parquet", options={"scale": (1, 5)}).counts
    assert counts == (
        SplitCounts("train", 2, pytest.approx(1.5 / 3600), 2, 1, 0, 2),
        SplitCounts("dev", 1, pytest.approx(1.8 / 3600), 1, 1, 0, 0),
    )


def test_audio_is_hashed_again_only_if_it_changed(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def counting(path: Path) -> str:
        hashed.append(path.name)
        return sha256_file(path)

    monkeypatch.setattr(recipe, "sha256_file", counting)

    def again(**options: bool) -> list[str]:
        hashed.clear()
        prepare("csv", table, tmp_path / "m.parquet", options={"scale": (1, 5)}, **options)
        return sorted(hashed)

    assert again() == ["a.wav", "b.wav"]
    assert again() == []
    assert again(verify=True) == ["a.wav", "b.wav"]
    os.utime(tmp_path / "b.wav", ns=(1, 1))
    assert again() == ["b.wav"]


def test_progress_counts_audio_files_and_workers_change_nothing(table: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    options = {"scale": (1, 5)}
    one = prepare("csv", table, tmp_path / "1.parquet", options=options, workers=1, progress=seen.append)
    assert [(p.stage, p.done, p.total) for p in seen] == [("audio", n, 4) for n in (1, 2, 3, 4)]
    assert prepare("csv", table, tmp_path / "4.parquet", options=options, workers=4) == one


def test_nothing_usable_is_an_error_with_the_first_problem(table: Path, tmp_path: Path) -> None:
    table.write_text("id,audio\nu1,gone.wav\n")
    with pytest.raises(
        InputError, match=r"no utterance can be used, 1 cannot\. The first: u1: .+gone\.wav: no such file"
    ):
        prepare("csv", table, tmp_path / "m.parquet")
    table.write_text("id,audio\n")
    with pytest.raises(InputError, match=r"no utterance can be used, 0 cannot\. Give a corpus that holds some\."):
        prepare("csv", table, tmp_path / "m.parquet")
    assert not (tmp_path / "m.parquet").exists()


def test_corpus_without_its_root_asks_for_it(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"corpus 'csv' needs a ROOT\. Give its folder or table: msftk prepare csv ROOT"
    ):
        prepare("csv", None, tmp_path / "m.parquet")


def test_a_name_that_is_not_utf8_fails_alone(table: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "emodb" / os.fsdecode(b"caf\xe9")
    corpus.mkdir(parents=True)
    soundfile.write(tmp_path / "emodb" / "03a01Fa.wav", np.zeros(1_600), 16_000)
    shutil.copy(tmp_path / "emodb" / "03a01Fa.wav", corpus / "08a01Nc.wav")
    result = prepare("emodb", tmp_path / "emodb", tmp_path / "m.parquet")
    assert [u.id for u in read_manifest(tmp_path / "m.parquet").utterances] == ["03a01Fa"]
    assert result.problems == (
        rf"08a01Nc: {tmp_path}/emodb/caf\udce9/08a01Nc.wav: a name that is not UTF-8. Rename the file.",
    )


def test_audio_root_may_be_relative(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sounds").mkdir()
    soundfile.write("sounds/u1.wav", np.zeros(1_600), 16_000)
    Path("other.csv").write_text("id,audio\nu1,u1.wav\n")
    result = prepare("csv", Path("other.csv"), Path("m.parquet"), options={"audio_root": "sounds"})
    assert result.manifest.utterances[0].audio == tmp_path / "sounds/u1.wav"
