"""Commands on the bundled recordings of a real voice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from msftk.store.features import Store

PROMPTS = Path(str(files("msftk") / "demo" / "prompts"))
READING = PROMPTS / "audio" / "confbridge-begin-glorious-a.flac"


def test_emphasis_of_a_recording_has_the_stable_json_shape(msftk: Callable[..., object], tmp_path: Path) -> None:
    picture = tmp_path / "stress.png"
    ended = msftk("emphasis", READING, PROMPTS / "words.csv", "--json", "--plot", picture)
    said = json.loads(ended.out)  # type: ignore[attr-defined]
    assert list(said) == ["id", "words", "segment", "settings", "aligner"]
    words = ["the", "conference", "will", "begin", "when", "our", "glorious", "leader", "arrives"]
    assert [word["word"] for word in said["words"]] == words
    assert said["segment"]["text"] == " ".join(words[said["segment"]["first"] : said["segment"]["last"] + 1])
    assert [word["word"] for word in said["words"] if word["emphasised"]] == ["leader"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_corpus_of_recordings_without_ratings_goes_from_table_to_predictions(
    msftk: Callable[..., object], tiny_run: Path, tone_store: Store, tmp_path: Path
) -> None:
    manifest, out = tmp_path / "prompts.parquet", tmp_path / "said.csv"
    where = "id=confbridge-begin-glorious-a"
    assert msftk("prepare", "csv", PROMPTS / "manifest.csv", "--where", where, "--out", manifest).code == 0  # type: ignore[attr-defined]
    ended = msftk("predict", tiny_run, manifest, "--out", out, "--store", tone_store.root)
    assert ended.code == 0, ended.err  # type: ignore[attr-defined]
    assert "without" not in ended.err  # type: ignore[attr-defined]
    assert len(out.read_text().splitlines()) == 2


@pytest.mark.parametrize(("arguments", "code"), [(["plugins", "show", "lemf"], 0), (["plugins", "show", "lmef"], 2)])
def test_the_console_command_ends_with_its_exit_code(arguments: list[str], code: int) -> None:
    ended = subprocess.run([Path(sys.executable).parent / "msftk", *arguments], capture_output=True, text=True)
    assert ended.returncode == code
    assert bool(ended.stdout) == (code == 0)
    assert bool(ended.stderr) == (code != 0)
