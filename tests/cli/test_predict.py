from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tones import write_utterance

from msftk.store.features import Store


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
