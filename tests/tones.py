"""A small utterance made of tones, with words and phones: in memory, or as WAV and TextGrid files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Alignment, Utterance

WORDS = [(0.1, 0.4, "that"), (0.4, 0.9, "agent"), (0.95, 1.2, "is"), (1.2, 1.9, "logged")]
PHONES = [(0.1, 0.25), (0.25, 0.4), (0.4, 0.6), (0.6, 0.9), (0.95, 1.2), (1.2, 1.5), (1.5, 1.9)]
PITCH_HZ, LOUDNESS = (110, 210, 130, 120), (0.1, 0.3, 0.15, 0.1)  # of each word: "agent" is stressed


def voice(f0_hz: float, seconds: float, loudness: float = 0.1) -> np.ndarray:
    """A harmonic tone that Harvest takes for a voice, [samples] float32 at 16 kHz."""
    t = np.arange(round(seconds * 16_000)) / 16_000
    return (loudness * sum(np.sin(2 * np.pi * k * f0_hz * t) / k for k in range(1, 6))).astype(np.float32)


def tones() -> np.ndarray:
    """2 s at 16 kHz: each word has its own pitch and loudness, the rest is faint noise."""
    sound = np.random.default_rng(0).normal(0, 1e-4, 32_000).astype(np.float32)
    for (start, end, _), f0_hz, loudness in zip(WORDS, PITCH_HZ, LOUDNESS, strict=True):
        first = round(start * 16_000)
        tone = voice(f0_hz, end - start, loudness)
        sound[first : first + len(tone)] += tone
    return sound


def tones_alignment() -> Alignment:
    starts, ends, labels = zip((0.0, 0.1, ""), *WORDS, (1.9, 2.0, "sil"), strict=True)
    begins, stops = zip(*PHONES, strict=True)
    return make_alignment(
        make_tier(starts, ends, labels), make_tier(begins, stops, ["AA"] * len(PHONES)), "s01.TextGrid"
    )


def write_utterance(folder: Path, name: str, words: list[tuple[float, float, str]] = WORDS) -> Utterance:
    """Writes NAME.wav and NAME.TextGrid (long form) and returns their utterance."""
    audio, grid = folder / f"{name}.wav", folder / f"{name}.TextGrid"
    soundfile.write(audio, tones(), 16_000)
    end_s = max(2.0, words[-1][1])
    tiers = _tier("words", words, end_s) + _tier("phones", [(a, b, "AA") for a, b in PHONES], end_s)
    grid.write_text(
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        f"xmin = 0\nxmax = {end_s}\ntiers? <exists>\nsize = 2\nitem []:\n{tiers}"
    )
    return Utterance(name, audio, alignment=grid)


def _tier(name: str, intervals: list[tuple[float, float, str]], end_s: float) -> str:
    filled, at = [], 0.0
    for start, end, label in intervals:
        filled += [(at, start, "")] * (start > at) + [(start, end, label)]
        at = end
    filled += [(at, end_s, "")] * (end_s > at)
    rows = "".join(
        f'intervals [{i}]:\nxmin = {start}\nxmax = {end}\ntext = "{label}"\n'
        for i, (start, end, label) in enumerate(filled, 1)
    )
    return (
        f'item [1]:\nclass = "IntervalTier"\nname = "{name}"\nxmin = 0\nxmax = {end_s}\n'
        f"intervals: size = {len(filled)}\n{rows}"
    )
