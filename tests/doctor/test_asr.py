"""`msftk doctor --asr`: what was heard beside what was given, as word error rates by split."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_whisper import save_tiny_whisper

from msftk.doctor.asr import recognise, word_errors
from msftk.errors import InputError
from msftk.preparation.extract import Preparation
from msftk.progress import silent
from msftk.settings import Settings, load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest
from msftk.types import RatingScale, Utterance

PROMPTS = Path(__file__).parents[2] / "msftk" / "demo" / "prompts" / "audio"
WORDS = st.lists(st.sampled_from(["stop", "now", "please", "it"]), min_size=1, max_size=6)


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's, written out."""
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        row, before = [i], row
        for j, there in enumerate(other, 1):
            row.append(min(row[-1] + 1, before[j] + 1, before[j - 1] + (word != there)))
    return row[-1]


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_errors_are_the_least_changes_over_all_words(pairs: list[tuple[list[str], list[str]]]) -> None:
    found = word_errors("dev", [(" ".join(a), " ".join(b)) for a, b in pairs])
    errors = sum(distance(a, b) for a, b in pairs)
    assert found.words == sum(len(a) for a, _ in pairs)
    assert found.substituted + found.deleted + found.inserted == errors
    assert found.rate == pytest.approx(errors / found.words)


def test_case_and_punctuation_do_not_count_and_nothing_heard_is_all_deleted() -> None:
    assert word_errors("dev", [("Don't stop -- now!", "dont  STOP now")]).rate == 0
    found = word_errors("dev", [("Stop it, please.", ""), ("?!", "it")])
    assert (found.utterances, found.deleted, found.rate) == (1, 3, 1.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_whisper(tmp_path_factory.mktemp("models") / "whisper-very-small")


def corpus(tmp_path: Path) -> Manifest:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    known = Utterance("a", PROMPTS / "invalid.flac", transcript="I am sorry", split="train", language="en")
    others = (
        replace(known, id="b", audio=PROMPTS / "conf-locked.flac", split="dev"),
        replace(known, id="bare", transcript=None),
        replace(known, id="text", audio=None),
        replace(known, id="by-other", transcript_by="asr: other"),
        replace(known, id="broken", audio=broken, split="dev"),
    )
    return Manifest("some", RatingScale(1, 7), (known, *others))


def chosen(model: Path, *assignments: str) -> Settings:
    sets = ["transcriber.name=whisper", f"transcriber.model={model}", "text.name=hashing", *assignments]
    return load_settings("tiny", None, sets, {"semantics": ("gs",)}, environment={})


def test_only_given_transcripts_with_sound_are_compared_by_split(model: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    found = recognise(corpus(tmp_path), chosen(model), store, silent)
    assert found.heard_by == "asr: whisper-very-small"
    assert [(one.split, one.utterances, one.words, one.failed) for one in found.splits] == [
        ("train", 1, 3, 0),
        ("dev", 1, 3, 1),
        ("all", 2, 6, 1),
    ]
    heard = Preparation(chosen(model), store).prepare([replace(corpus(tmp_path).utterances[0], transcript=None)])
    text = heard.text("gs", "a") or ""  # what extract would use, out of the same store
    assert found.splits[0].rate == pytest.approx(distance(["i", "am", "sorry"], text.split()) / 3)
    assert heard.stages["transcript"].made == 0


def test_without_a_transcriber_or_transcripts_it_says_what_is_missing(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--asr: transcriber 'none' hears nothing\. Choose one"):
        recognise(corpus(tmp_path), load_settings(environment={}), Store(tmp_path), silent)
    bare = replace(corpus(tmp_path), utterances=corpus(tmp_path).utterances[2:5])
    with pytest.raises(InputError, match=r"--asr: no utterance has audio and a given transcript"):
        recognise(bare, chosen(model), Store(tmp_path), silent)


def test_the_command_prints_a_table_and_one_json_object(msftk: Callable, model: Path, tmp_path: Path) -> None:
    write_manifest(corpus(tmp_path), tmp_path / "M.parquet")
    flags = ("--asr", "--transcriber", "whisper", "--set", f"transcriber.model={model}", "--store", tmp_path / "store")
    ended = msftk("doctor", tmp_path / "M.parquet", *flags)
    assert "word errors of asr: whisper-very-small" in ended.out
    row = next(line.split() for line in ended.out.splitlines() if line.startswith("all "))
    assert (row[:3], row[4], row[-1]) == (["all", "2", "6"], "%", "1")
    plain = json.loads(msftk("doctor", tmp_path / "M.parquet", "--json", *flags).out)["asr"]
    assert plain["splits"][-1]["words"] == 6
    assert "asr" not in json.loads(msftk("doctor", tmp_path / "M.parquet", "--json").out)
