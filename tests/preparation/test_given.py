"""What an utterance brings along: absent by a reason that can be counted, warned of where it cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tones import WORDS, write_utterance

from msftk.errors import AbsentError
from msftk.preparation.given import BAD_ALIGNMENT, NO_ALIGNMENT, Given
from msftk.types import Utterance


@pytest.fixture
def utterance(tmp_path: Path) -> Utterance:
    return write_utterance(tmp_path, "one", [*WORDS, (1.9, 2.5, "late")])


def test_an_alignment_is_read_once_and_held_to_the_length_of_the_audio(utterance: Utterance) -> None:
    given = Given(utterance, {})
    assert given.alignment is given.alignment
    assert given.alignment_within(2.5) is given.alignment
    assert not given.warnings
    with pytest.raises(AbsentError, match=BAD_ALIGNMENT):
        given.alignment_within(2.0)
    assert "word 'late' ends at 2.500 s, but the audio ends at 2.000 s" in given.warnings["emphasis"]


def test_what_is_not_there_is_absent_and_what_cannot_be_read_is_a_warning_too(utterance: Utterance) -> None:
    bare = Given(replace(utterance, alignment=None, transcript="  "), {})
    with pytest.raises(AbsentError, match=NO_ALIGNMENT):
        _ = bare.alignment
    with pytest.raises(AbsentError, match="no transcript"):
        _ = bare.transcript
    assert not bare.warnings
    assert utterance.alignment is not None
    utterance.alignment.write_text("no grid")
    spoilt = Given(utterance, {})
    with pytest.raises(AbsentError, match=BAD_ALIGNMENT):
        _ = spoilt.alignment
    assert "one.TextGrid" in spoilt.warnings["alignment"]


def test_samples_that_were_handed_in_are_its_sound_and_their_hash_is_the_key(utterance: Utterance) -> None:
    samples = np.linspace(-1, 1, 1000, dtype=np.float32)
    given = Given(replace(utterance, audio=None), {}, samples)
    assert given.has_sound
    assert given.waveform is samples
    assert given.audio_key == Given(utterance, {}, samples.copy()).audio_key
    assert given.audio_key != Given(utterance, {}, -samples).audio_key
    assert not Given(replace(utterance, audio=None), {}).has_sound
