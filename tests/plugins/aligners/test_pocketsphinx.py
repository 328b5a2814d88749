"""pocketsphinx: recorded prompts are aligned near the given times, and what it cannot say is refused with a remedy."""

from __future__ import annotations

import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import AbsentError, InputError, RefusedError
from msftk.registry import registry
from msftk.speech.alignment import read_alignment
from msftk.speech.audio import load_audio
from msftk.testing import check_aligner
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32
from msftk_plugins.aligners.pocketsphinx import PocketSphinx

PROMPTS = Path(__file__).parents[3] / "msftk" / "demo" / "prompts"
TEXTS = {row["id"]: row["transcript"] for row in csv.DictReader((PROMPTS / "manifest.csv").open(encoding="utf-8"))}
NEAR_S = 0.05


def waveform(name: str) -> Float32:
    return load_audio(PROMPTS / "audio" / f"{name}.flac")


@pytest.fixture(scope="module")
def aligner() -> PocketSphinx:
    made: PocketSphinx = registry().create("aligner", "pocketsphinx")
    return made


def align(aligner: PocketSphinx, name: str, text: str | None = None, language: str | None = "en") -> Alignment:
    return aligner.align(waveform(name), SAMPLE_RATE_HZ, TEXTS[name] if text is None else text, language)


def test_it_keeps_the_contract_of_aligners() -> None:
    check_aligner("pocketsphinx")


def test_words_begin_near_the_times_that_the_prompts_bring(aligner: PocketSphinx) -> None:
    for name in ("cannot-complete-as-dialed", "conf-locked", "invalid"):
        found, given = align(aligner, name), read_alignment(PROMPTS / "words.csv", name)
        starts_s = given.words.start_s[given.words.spoken]
        assert np.median(np.abs(found.words.start_s - starts_s)) < NEAR_S


def test_phones_lie_inside_their_words(aligner: PocketSphinx) -> None:
    found = align(aligner, "all-circuits-busy-now")
    assert " ".join(found.phones.labels).startswith("AO L S ER K AH T S")
    bounds = {*found.words.start_s, *found.words.end_s}
    assert bounds <= {*found.phones.start_s, *found.phones.end_s}


def test_two_parts_of_a_hyphenated_word_are_one_word(aligner: PocketSphinx) -> None:
    apart, joined = (
        align(aligner, "all-circuits-busy-now", text)
        for text in ("All circuits are busy now", "all circuits are busy-now")
    )
    assert joined.words.labels == ("all", "circuits", "are", "busy-now")
    assert (joined.words.start_s[-1], joined.words.end_s[-1]) == (apart.words.start_s[-2], apart.words.end_s[-1])


def test_texts_of_other_recordings_are_refused(aligner: PocketSphinx) -> None:
    others = [text for name, text in TEXTS.items() if name.startswith(("dir-", "followme-", "feature-"))]
    assert len(others) >= 5
    for text in others:
        with pytest.raises(RefusedError, match="the text does not fit the sound"):
            align(aligner, "agent-alreadyon", text)


def test_a_lower_limit_lets_a_wrong_text_pass() -> None:
    lax = registry().create("aligner", "pocketsphinx", {"least_score": -1000})
    assert align(lax, "agent-alreadyon", TEXTS["dir-nomatch"]).word_scores.mean() < -35  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "language", "reason", "detail"),
    [
        ("Press 2 for zorglub", "en", "words not in the dictionary", "'2', 'zorglub'. Spell out numbers"),
        ("...", "en", "no words", "the transcript has no words"),
    ],
)
def test_what_it_cannot_say_is_refused_with_a_reason_and_a_remedy(
    aligner: PocketSphinx, text: str, language: str, reason: str, detail: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        align(aligner, "all-circuits-busy-now", text, language)
    assert str(refused.value) == reason
    assert detail in refused.value.detail


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.3])
def test_audio_too_short_for_its_text_is_refused(aligner: PocketSphinx, seconds: float) -> None:
    with pytest.raises(RefusedError, match="the text does not fit the sound"):
        aligner.align(
            waveform("invalid")[: round(seconds * SAMPLE_RATE_HZ)], SAMPLE_RATE_HZ, f"{TEXTS['invalid']} " * 3
        )


def test_a_word_of_ones_own_dictionary_is_aligned(tmp_path: Path) -> None:
    (tmp_path / "own.dict").write_text("zorglub S ER K AH T S\nzorglub(2) AE K T S\nbusy(2) B IH Z\n")
    own = registry().create("aligner", "pocketsphinx", {"dictionary": str(tmp_path / "own.dict")})
    found = align(own, "all-circuits-busy-now", "All zorglub are busy now.")
    given = align(own, "all-circuits-busy-now")
    assert found.words.start_s.tolist() == given.words.start_s.tolist()
    assert own.identity()["dictionary"].startswith("sha256:")


def test_phones_that_the_model_does_not_have_are_named(tmp_path: Path) -> None:
    (tmp_path / "own.dict").write_text("zorglub S ER1 K\n")
    own = registry().create("aligner", "pocketsphinx", {"dictionary": str(tmp_path / "own.dict")})
    with pytest.raises(InputError, match=r"own\.dict: 'zorglub' cannot be said as 'S ER1 K'\. Use the 39 phones"):
        align(own, "all-circuits-busy-now", "zorglub")


def test_threads_find_what_one_finds(aligner: PocketSphinx) -> None:
    names = ["invalid", "conf-locked", "im-sorry", "dir-nomore"] * 3
    alone = [align(aligner, name).words.start_s.tolist() for name in names]
    with ThreadPoolExecutor(4) as threads:
        assert [one.words.start_s.tolist() for one in threads.map(lambda n: align(aligner, n), names)] == alone


def test_another_language_is_a_reason_that_can_be_counted(aligner: PocketSphinx) -> None:
    with pytest.raises(AbsentError, match=r"^pocketsphinx aligns English, not 'da'$") as absent:
        align(aligner, "invalid", language="da")
    assert not isinstance(absent.value, RefusedError)


def test_without_the_package_the_reason_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(AbsentError, match=r"^pocketsphinx is not installed: pip install 'msftk\[align\]'$"):
        align(registry().create("aligner", "pocketsphinx"), "invalid")
