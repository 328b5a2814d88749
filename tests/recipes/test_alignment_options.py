"""Tiers with other names: one option finds them in every job on a corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tones import WORDS, write_utterance

from msftk.assignments import read_toml
from msftk.doctor.examine import examine
from msftk.errors import InputError, UnknownNameError
from msftk.preparation.extract import extract
from msftk.settings import check_settings, load_settings, settings_toml
from msftk.speech.alignment import fitting, utterance_alignment
from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest
from msftk.types import RatingScale, Utterance

OPTIONS = ("alignment.word_tier=Wörter", "alignment.phone_tier=Laute")


@pytest.fixture
def utterance(tmp_path: Path) -> Utterance:
    """An utterance whose TextGrid names its tiers in German."""
    made = write_utterance(tmp_path, "one")
    assert made.alignment is not None
    text = made.alignment.read_text().replace('"words"', '"Wörter"').replace('"phones"', '"Laute"')
    made.alignment.write_text(text, encoding="utf-16")
    return made


def test_reader_takes_the_options_it_has(utterance: Utterance, tmp_path: Path) -> None:
    settings = load_settings("tiny", None, OPTIONS)
    assert utterance_alignment(utterance, settings.alignment).spoken_words == tuple(word for *_, word in WORDS)
    assert fitting(tmp_path / "words.ctm", settings.alignment) == {}
    assert fitting(tmp_path / "one.json", settings.alignment) == settings.alignment


def test_extract_emphasis_and_doctor_find_the_tiers(
    utterance: Utterance, msftk: Callable[..., Any], tmp_path: Path
) -> None:
    settings = load_settings("tiny", None, ("text.name=hashing", *OPTIONS), {"semantics": ("les",)})
    store = Store(tmp_path / "store")
    assert extract([utterance], settings, store).text("les", "one") == "that agent is"
    bare = extract([utterance], load_settings("tiny", None, ("text.name=hashing",), {"semantics": ("les",)}), store)
    assert bare.absent["les"] == {"alignment cannot be used": 1}
    assert "for a corpus --set alignment.word_tier=" in bare.warnings["one"]

    corpus = Manifest("made", RatingScale(0, 1), (utterance,))
    write_manifest(corpus, tmp_path / "m.parquet")
    place = ("--out", tmp_path / "t.parquet", "--store", store.root, "--json")
    ended = msftk("emphasis", tmp_path / "m.parquet", "--word-tier", "wörter", "--phone-tier", "laute", *place)
    assert (ended.code, '"utterances": 1' in ended.out) == (0, True), ended.err
    assert any("cannot be used" in one.text for one in examine(corpus).findings)
    assert not any("cannot be used" in one.text for one in examine(corpus, settings=settings).findings)


def test_option_that_no_reader_has_is_refused() -> None:
    with pytest.raises(
        UnknownNameError,
        match=r"unknown option 'alignment\.word_teir'\. Did you mean 'word_tier'\? Known here: channel,",
    ):
        load_settings("tiny", None, ("alignment.word_teir=x",))
    with pytest.raises(InputError, match=r"alignment\.word_tier is 3: Input should be a valid string"):
        load_settings("tiny", None, ("alignment.word_tier=3",))


def test_settings_file_keeps_the_options(tmp_path: Path) -> None:
    settings = load_settings("tiny", None, OPTIONS)
    (tmp_path / "settings.toml").write_text(settings_toml(settings), encoding="utf-8")
    assert check_settings(read_toml(tmp_path / "settings.toml")) == settings
