from __future__ import annotations

import numpy as np
from tones import tones, tones_alignment

from msftk.prosody import emphasis
from msftk.registry import registry
from msftk.testing import check_emphasis


def test_random_word_keeps_the_contract() -> None:
    check_emphasis("random-word")


def test_every_word_is_as_likely_as_any_other_and_a_seed_draws_anew() -> None:
    waveform, alignment = tones(), tones_alignment()
    n_words = len(alignment.spoken_words)
    tops = [
        emphasis(
            waveform,
            16_000,
            alignment,
            f0_hz=np.full(len(waveform) // 80 + 1, 120.0),
            scorer=registry().create("emphasis", "random-word", {"seed": seed}),
        ).top
        for seed in range(300)
    ]
    assert np.bincount(tops, minlength=n_words).min() > 300 / n_words / 2


def test_other_sound_has_another_draw() -> None:
    alignment, scorer = tones_alignment(), registry().create("emphasis", "random-word")
    one, other = (
        emphasis(sound, 16_000, alignment, f0_hz=np.full(len(sound) // 80 + 1, 120.0), scorer=scorer).score
        for sound in (tones(), 0.5 * tones())
    )
    assert not np.allclose(one, other)
