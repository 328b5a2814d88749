from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tones import write_utterance

from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest


def test_json_table_and_screen_say_the_same(msftk: Callable, tiny_run: Path, tmp_path: Path, tone_store: Store) -> None:
    audio = write_utterance(tmp_path, "hello").audio
    given = ("predict", tiny_run, audio, "--store", tone_store.root)
    (row,) = json.loads(msftk(*given, "--json").out)["predictions"]
    assert row["id"] == "hello"
    shown = msftk(*given).out
    assert f"{row['valence']:.2f}".lstrip("-0") in shown
    ended = msftk(*given, "--out", tmp_path / "ratings.csv")
    assert ended.out == f"1 prediction on the scale 1..7 in {tmp_path / 'ratings.csv'}\n"
    assert "ratings that are made up for tests" in ended.err


def test_a_broken_recording_is_named_and_the_others_are_predicted(
    msftk: Callable, tiny_run: Path, tmp_path: Path, tone_store: Store
) -> None:
    write_utterance(tmp_path, "hello")
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    ended = msftk("predict", tiny_run, tmp_path, "--store", tone_store.root, "--json")
    assert ended.code == 3
    assert [row["id"] for row in json.loads(ended.out)["predictions"]] == ["hello"]
    assert "broken" in ended.err


def test_the_challenge_file_holds_one_split_in_its_own_form(
    msftk: Callable, tiny_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    write_manifest(tone_corpus, tmp_path / "M.parquet")
    given = ("predict", tiny_run, tmp_path / "M.parquet", "--split", "test", "--store", tone_store.root)
    ended = msftk(*given, "--submission", tmp_path / "f.csv")
    assert ended.code == 0
    assert ended.out == f"8 rows for the challenge in {tmp_path / 'f.csv'}\n"
    first, *rows = (tmp_path / "f.csv").read_text().splitlines()
    assert first == "FileName,EmoAct,EmoVal,EmoDom"
    assert [row.split(",")[0] for row in rows] == [f"{u.id}.wav" for u in tone_corpus.split("test")]
    assert all(1 <= float(value) <= 7 for row in rows for value in row.split(",")[1:])
    refused = msftk("predict", tiny_run, tmp_path / "a.wav", "--split", "test", "--submission", tmp_path / "g.csv")
    assert refused.code == 2
    assert "only a manifest has splits" in refused.err
