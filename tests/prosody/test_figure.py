from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from tones import tones, tones_alignment

from msftk.prosody import emphasis, figure, harvest
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Emphasis


@pytest.fixture(scope="module")
def figure_of() -> tuple[np.ndarray, np.ndarray, Emphasis]:
    waveform = tones()
    f0_hz = harvest(waveform, 16_000)
    return waveform, f0_hz, emphasis(waveform, 16_000, tones_alignment(), f0_hz=f0_hz)


def test_svg_is_one_element_and_equal_input_gives_equal_text(figure_of) -> None:
    text = figure.emphasis_svg("s01", *figure_of)
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert text == figure.emphasis_svg("s01", *figure_of)


def test_f0_curve_is_the_log_and_breaks_where_unvoiced(figure_of) -> None:
    _, f0_hz, _ = figure_of
    pitch, _, energy = figure._figure("s01", *figure_of).axes[:3]
    drawn = pitch.lines[0].get_ydata()
    np.testing.assert_array_equal(np.isnan(drawn), f0_hz == 0)
    np.testing.assert_allclose(drawn[f0_hz > 0], np.log(f0_hz[f0_hz > 0]))
    assert pitch.get_ylabel() == "log-F0 (ln Hz)"
    assert energy.get_xlabel() == "time (s)"


def test_words_stand_under_the_middle_of_their_sound(figure_of) -> None:
    words = figure._figure("s01", *figure_of).axes[1]
    assert [(t.get_text(), round(t.get_position()[0], 3)) for t in words.texts] == [
        ("that", 0.25),
        ("agent", 0.65),
        ("is", 1.075),
        ("logged", 1.55),
    ]


def test_words_never_overlap_however_short_they_are() -> None:
    starts = np.arange(30) * 0.06
    labels = ["extraordinarily", "a", "longish"] * 10
    alignment = make_alignment(make_tier(starts, starts + 0.06, labels), make_tier([], [], []), "dense")
    waveform = np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32)
    f0_hz = np.full(376, 120.0)
    drawn = figure._figure("dense", waveform, f0_hz, emphasis(waveform, 16_000, alignment, f0_hz=f0_hz))
    drawn.canvas.draw()
    boxes = [text.get_window_extent() for text in drawn.axes[1].texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


@pytest.mark.parametrize("n_words", [1, 2])
def test_silence_and_few_words_can_be_drawn(n_words: int) -> None:
    alignment = make_alignment(make_tier([0.1, 0.5], [0.4, 0.9], ["a$b", "<x"]), make_tier([], [], []), "x")
    words = alignment.words
    kept = replace(words, start_s=words.start_s[:n_words], end_s=words.end_s[:n_words], labels=words.labels[:n_words])
    alignment = replace(alignment, words=replace(kept, spoken=words.spoken[:n_words]))
    waveform = np.zeros(16_000, np.float32)
    f0_hz = np.zeros(201)
    text = figure.emphasis_svg("x & y $z$", waveform, f0_hz, emphasis(waveform, 16_000, alignment, f0_hz=f0_hz))
    assert ElementTree.fromstring(text).tag.endswith("svg")
