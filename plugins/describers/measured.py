"""How an utterance sounds, from measurements alone: a description without a language model."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from msftk import interfaces
from msftk.interfaces import Evidence, Need
from msftk.types import SAMPLE_RATE_HZ, Alignment, Description, Float32, Float64

# Where each number comes from. "Read there": in the source itself or its abstract; else who says so instead.
# Traunmüller and Eriksson 1995, "The frequency range of the voice fundamental": typical F0 120 Hz for men, 210 Hz for
# women. Read there.
LOW_PITCH_HZ, HIGH_PITCH_HZ = 120.0, 210.0
# 't Hart 1981, JASA 69, 811-821: only differences of more than 3 semitones play a part in communication. Read there.
HEARD_SEMITONES = 3.0
# Speech codecs are tested at a low, a nominal and a high level: -36, -26, -16 dB below overload (dBov). Read in a guide
# to ITU-T's tool sv56; to call talkers 10 dB off the nominal level quiet and loud is our use of it.
QUIET_DBOV, LOUD_DBOV = -36.0, -16.0
# ITU-T P.56, method B: the margin between threshold and active level is 15.9 dB. Read in four implementations of it.
ACTIVE_MARGIN_DB = 15.9
# Pimsleur, Hancock and Furey 1977, 30 French and American news readers: average is 160 to 190 words a minute. Read in
# later papers that cite it. Slower and faster is one word each here; they tell moderate from extreme.
SLOW_WORDS_PER_MIN, FAST_WORDS_PER_MIN = 160.0, 190.0
# Campione and Véronis 2002, Speech Prosody, 199-202: pauses under 200 ms are brief, over 1 s long. Read there.
PAUSE_S, LONG_PAUSE_S = 0.2, 1.0

# Ours, with no source: what is measured, and when too little is there to tell.
FRAME_S = 0.02
LEVEL_ROUNDS = 20  # the active level settles in a few
MIN_VOICED = 20  # 100 ms of voice: under it pitch is not told
MIN_WORDS = 3  # under it a rate in words a minute is not told
RANGE_PERCENTILES = (5, 95)  # of pitch: errors of F0 lie outside


class Measured(interfaces.Describer):
    """Fills `paralinguistics` from measured pitch, loudness, speech rate and pauses; rate and pauses need an alignment.

    This is acoustic: it repeats in words what the audio says, and is not extended semantics, which an audio-language
    model gives. Emotion, reason, scenario and gender stay absent: they cannot be measured and are not invented. Pitch
    is called low or high against typical men and women, so it tells much about who speaks.
    """

    needs: ClassVar[tuple[Need, ...]] = ("audio", "f0")
    optional: ClassVar[tuple[Need, ...]] = ("alignment",)

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Measured.Options) -> None:
        self.options = options

    def describe(self, evidence: Evidence) -> Description:
        assert evidence.waveform is not None
        assert evidence.f0_hz is not None
        phrases = [*_pitch(evidence.f0_hz), *_loudness(evidence.waveform)]
        if evidence.alignment is not None:
            phrases += _tempo(evidence.alignment)
        if not phrases:
            return Description(backend="measured", status="nothing to measure (silence)")
        return Description(paralinguistics=", ".join(phrases), backend="measured")


def _pitch(f0_hz: Float64) -> list[str]:
    """Level by the median, range between two percentiles, movement of the line through the last half."""
    voiced = f0_hz > 0
    if voiced.sum() < MIN_VOICED:
        return []
    semitones = 12 * np.log2(f0_hz[voiced])
    level_hz = float(np.median(f0_hz[voiced]))
    low, high = np.percentile(semitones, RANGE_PERCENTILES)
    phrases = [f"{_level(level_hz, LOW_PITCH_HZ, HIGH_PITCH_HZ, ('low', 'medium', 'high'))} pitch"]
    phrases.append("varied intonation" if high - low > HEARD_SEMITONES else "flat intonation")
    place = np.flatnonzero(voiced)  # frames
    late = place >= (place[0] + place[-1]) / 2
    if late.sum() >= MIN_VOICED:
        slope, _ = np.polyfit(place[late], semitones[late], 1)
        moved = slope * (place[-1] - place[late][0])
        if abs(moved) > HEARD_SEMITONES:
            phrases.append("rising pitch at the end" if moved > 0 else "falling pitch at the end")
    return phrases


def _loudness(waveform: Float32) -> list[str]:
    level = active_level_dbov(waveform)
    return [] if level is None else [f"{_level(level, QUIET_DBOV, LOUD_DBOV, ('quiet', 'normal', 'loud'))} voice"]


def active_level_dbov(waveform: Float32) -> float | None:
    """Level of the active frames in dB below digital overload (after ITU-T P.56); None for silence.

    20 ms frames stand for P.56's envelope: a frame is active within 15.9 dB of the mean power of the active frames.
    """
    frame = round(FRAME_S * SAMPLE_RATE_HZ)
    n_frames = max(1, len(waveform) // frame)
    power = np.array([np.mean(np.square(part, dtype=np.float64)) for part in np.array_split(waveform, n_frames)])
    level = float(power.mean())
    if level <= 0:
        return None
    for _ in range(LEVEL_ROUNDS):
        level = float(power[power >= level * 10 ** (-ACTIVE_MARGIN_DB / 10)].mean())
    return 10 * float(np.log10(level))


def _tempo(alignment: Alignment) -> list[str]:
    words = alignment.words
    start_s, end_s = words.start_s[words.spoken], words.end_s[words.spoken]
    if len(start_s) < MIN_WORDS or end_s[-1] <= start_s[0]:
        return []
    rate = 60 * len(start_s) / float(end_s[-1] - start_s[0])
    phrases = [f"{_level(rate, SLOW_WORDS_PER_MIN, FAST_WORDS_PER_MIN, ('slow', 'average', 'fast'))} speech rate"]
    longest_s = float(np.max(start_s[1:] - np.maximum.accumulate(end_s)[:-1]))
    if longest_s > LONG_PAUSE_S:
        phrases.append("long pauses")
    else:
        phrases.append("pauses" if longest_s >= PAUSE_S else "no pauses")
    return phrases


def _level(value: float, low: float, high: float, names: tuple[str, str, str]) -> str:
    return names[0] if value < low else names[2] if value > high else names[1]
