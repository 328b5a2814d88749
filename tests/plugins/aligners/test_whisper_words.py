"""Word times of Whisper: its own transcript fits, another is refused, and a word heard otherwise costs its score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_whisper import save_tiny_whisper

from msftk.errors import RefusedError
from msftk.registry import registry
from msftk.speech.audio import load_audio
from msftk.testing import check_aligner
from msftk.types import SAMPLE_RATE_HZ, TimedWord
from msftk_plugins.aligners.whisper_words import places

PROMPT = Path(__file__).parents[3] / "msftk" / "demo" / "prompts" / "audio" / "invalid.flac"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_whisper(tmp_path_factory.mktemp("models") / "whisper-very-small")


def heard(model: Path) -> str:
    transcriber = registry().create("transcriber", "whisper", {"model": str(model), "language": "en"})
    from msftk.interfaces import Evidence

    return str(transcriber.transcribe(Evidence("a", waveform=load_audio(PROMPT))).text)


def test_it_keeps_the_contract_and_fits_its_own_transcript(model: Path) -> None:
    check_aligner("whisper-words", load_audio(PROMPT), heard(model), model=str(model), language="en")


def test_a_transcript_of_other_words_is_refused_with_what_was_heard(model: Path) -> None:
    made = registry().create("aligner", "whisper-words", {"model": str(model), "language": "en"})
    with pytest.raises(RefusedError, match="the text does not fit the sound") as refused:
        made.align(load_audio(PROMPT), SAMPLE_RATE_HZ, "Completely other words")
    assert refused.value.detail == f"Whisper heard: {heard(model)}"
    with pytest.raises(RefusedError, match="the text does not fit the sound"):
        made.align(np.zeros(16_000, np.float32), SAMPLE_RATE_HZ, "Hello")


def test_a_word_heard_as_another_keeps_its_place() -> None:
    said = [TimedWord(word, k, k + 1.0) for k, word in enumerate((" I", " have", " seen,", " it"))]
    assert places(["i", "had", "seen", "it"], said) == said
    assert places(["i", "seen", "it"], said) is None
    assert places(["I", "have", "really", "seen", "it"], said) is None
