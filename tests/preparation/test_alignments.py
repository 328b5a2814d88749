"""Where an alignment is missing and an aligner is chosen, it is made once, stored, and told from a given one."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import AbsentError
from msftk.preparation.extract import Preparation
from msftk.registry import registry
from msftk.settings import Settings, load_settings
from msftk.store.features import Store
from msftk.types import SAMPLE_RATE_HZ, Utterance
from msftk_plugins.aligners.pocketsphinx import PocketSphinx

PROMPTS = Path(__file__).parents[2] / "msftk" / "demo" / "prompts"
ROWS = {row["id"]: row for row in csv.DictReader((PROMPTS / "manifest.csv").open(encoding="utf-8"))}
WRONG = "Entirely different words stand here."


def utterance(name: str = "invalid", **changes: object) -> Utterance:
    row = ROWS[name]
    made = Utterance(name, PROMPTS / row["file"], transcript=row["transcript"], language="en")
    return replace(made, **changes)  # type: ignore[arg-type]


def settings(aligner: str = "pocketsphinx") -> Settings:
    chosen = [f"aligner.name={aligner}", "text.name=hashing"]
    return load_settings("tiny", None, chosen, {"semantics": ("les",)}, environment={})


@pytest.fixture
def preparation(tmp_path: Path) -> Preparation:
    return Preparation(settings(), Store(tmp_path / "store"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The transcripts that pocketsphinx was asked to align."""
    texts: list[str] = []
    align = PocketSphinx.align

    def noted(self: PocketSphinx, waveform: object, rate: int, transcript: str, language: str | None = None) -> object:
        texts.append(transcript)
        return align(self, waveform, rate, transcript, language)  # type: ignore[arg-type]

    monkeypatch.setattr(PocketSphinx, "align", noted)
    return texts


def test_a_missing_alignment_is_made_and_says_who_made_it(preparation: Preparation) -> None:
    found = preparation.material(utterance()).alignment
    assert (found.aligner, found.source) == ("pocketsphinx", "aligned by pocketsphinx")
    waveform = preparation.material(utterance()).waveform
    alone = registry().create("aligner", "pocketsphinx").align(waveform, SAMPLE_RATE_HZ, ROWS["invalid"]["transcript"])
    assert found.words.labels == alone.words.labels
    np.testing.assert_allclose(found.words.start_s, alone.words.start_s, atol=1e-9)
    np.testing.assert_allclose(found.phones.end_s, alone.phones.end_s, atol=1e-9)
    np.testing.assert_array_equal(found.word_scores, alone.word_scores)


def test_les_of_an_utterance_without_alignment_comes_from_the_aligner(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    without = Preparation(settings("none"), store).prepare([utterance()])
    assert without.absent == {"les": {"no alignment": 1}}
    made = Preparation(settings(), store).prepare([utterance()])
    assert made.present == {"les": 1}
    assert made.text("les", "invalid")


def test_an_alignment_is_made_once_and_found_by_the_next_run(tmp_path: Path, asked: list[str]) -> None:
    several = [utterance(name) for name in ("invalid", "conf-locked")]
    for _ in range(2):
        Preparation(settings(), Store(tmp_path / "store")).prepare(several)
    assert sorted(asked) == sorted(one.transcript or "" for one in several)


def test_a_given_alignment_is_not_made_anew(preparation: Preparation, asked: list[str]) -> None:
    given = utterance(alignment=PROMPTS / "words.csv")
    assert preparation.material(given).alignment.aligner == ""
    preparation.prepare([given])
    assert asked == []


def test_a_given_alignment_that_cannot_be_used_is_made_anew_with_a_warning(
    preparation: Preparation, tmp_path: Path
) -> None:
    (tmp_path / "broken.TextGrid").write_text("no TextGrid")
    material = preparation.material(utterance(alignment=tmp_path / "broken.TextGrid"))
    assert material.alignment.aligner == "pocketsphinx"
    assert "broken.TextGrid" in material.warnings["alignment"]


def test_a_refusal_is_stored_counted_and_explained(tmp_path: Path, asked: list[str]) -> None:
    for _ in range(2):
        prepared = Preparation(settings(), Store(tmp_path / "store")).prepare([utterance(transcript=WRONG)])
        assert prepared.absent == {"les": {"alignment refused: the text does not fit the sound": 1}}
        assert "aligner 'pocketsphinx': mean score" in prepared.warnings["invalid"]
    assert asked == [WRONG]


def test_a_refusal_is_tried_again_when_asked(tmp_path: Path, asked: list[str]) -> None:
    for _ in range(2):
        preparation = Preparation(settings(), Store(tmp_path / "store"))
        preparation.shelves.forget_failed()
        preparation.prepare([utterance(transcript=WRONG)])
    assert asked == [WRONG, WRONG]


def test_without_a_transcript_there_is_no_alignment_and_no_warning(preparation: Preparation) -> None:
    material = preparation.material(utterance(transcript=None))
    with pytest.raises(AbsentError, match=r"^no alignment$"):
        _ = material.alignment
    assert material.warnings == {}


def test_a_missing_package_is_a_reason_and_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    with monkeypatch.context() as lacking:
        lacking.setitem(sys.modules, "pocketsphinx", None)
        prepared = Preparation(settings(), Store(tmp_path / "store")).prepare([utterance()])
    assert list(prepared.absent["les"]) == ["no alignment: pocketsphinx is not installed: pip install 'msftk[align]'"]
    assert Preparation(settings(), Store(tmp_path / "store")).prepare([utterance()]).present == {"les": 1}
