from __future__ import annotations

import numpy as np
import pytest

from msftk.prosody import emphasis
from msftk.registry import registry
from msftk.speech.alignment import make_alignment, make_tier
from msftk.testing import check_emphasis


def test_last_content_word_keeps_the_contract() -> None:
    check_emphasis("last-content-word")


@pytest.mark.parametrize(
    ("sentence", "stressed"),
    [
        ("I never said that to them", "said"),
        ("she DIDN'T, did she?", "she?"),  # nothing but function words: the last one
        ("Stop.", "Stop."),
        ("we bought the red car", "car"),
        ("he is ill, isn’t he", "ill,"),
    ],
)
def test_the_last_word_that_is_no_function_word_is_stressed(sentence: str, stressed: str) -> None:
    words = sentence.split()
    start_s = np.arange(len(words)) * 0.2
    alignment = make_alignment(make_tier(start_s, start_s + 0.2, words), make_tier([], [], []), sentence)
    sound = np.random.default_rng(0).normal(0, 0.1, round(16_000 * 0.2 * len(words))).astype(np.float32)
    found = emphasis(
        sound,
        16_000,
        alignment,
        f0_hz=np.full(len(sound) // 80 + 1, 120.0),
        scorer=registry().create("emphasis", "last-content-word"),
    )
    assert found.prosody.words[found.top] == stressed
