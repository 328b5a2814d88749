"""Which word was stressed: scores from a plugin, then one rule for the top word and the emphasis segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from msftk.errors import InputError
from msftk.interfaces import EmphasisScorer
from msftk.prosody.f0 import harvest
from msftk.prosody.words import word_prosody_batch
from msftk.registry import registry
from msftk.speech.audio import check_waveform, resample
from msftk.types import SAMPLE_RATE_HZ, Alignment, Emphasis, Float32, Float64, WordProsody
from msftk_ext import prosody as kernels


def emphasis(
    waveform: Float32,
    sample_rate_hz: int,
    alignment: Alignment,
    *,
    transcript: str | None = None,
    f0_hz: Float64 | None = None,
    scorer: EmphasisScorer | None = None,
) -> Emphasis:
    """Emphasis of one utterance (paper Sec. 2.2): a score a word, the top word, and the segment around it.

    Args:
        waveform: [samples] mono, any rate; resampled to 16 kHz, where LEMf is defined.
        f0_hz: [frames] F0 of the 16 kHz waveform on the 5 ms grid, if it is known; else Harvest computes it.
        scorer: `lemf` with the paper's weights if None.
    Raises:
        InputError: bad samples, no spoken word, a word after the end of the audio.
    """
    check_waveform(waveform, alignment.source or "waveform")
    if sample_rate_hz != SAMPLE_RATE_HZ:
        waveform = resample(waveform, sample_rate_hz)
    if f0_hz is None:
        f0_hz = harvest(waveform, SAMPLE_RATE_HZ)
    return emphasis_batch([waveform], [alignment], [f0_hz], transcripts=[transcript], scorer=scorer)[0]


def emphasis_batch(
    waveforms: Sequence[Float32],
    alignments: Sequence[Alignment],
    f0_hz: Sequence[Float64],
    *,
    transcripts: Sequence[str | None] | None = None,
    scorer: EmphasisScorer | None = None,
) -> list[Emphasis]:
    """`emphasis` of many 16 kHz utterances in one pass of the kernels, with the same bits as one by one."""
    scorer = scorer or registry().create("emphasis", "lemf")
    prosodies = word_prosody_batch(waveforms, alignments, f0_hz)
    scores = [
        _scores(scorer, waveform, alignment, transcript, prosody)
        for waveform, alignment, transcript, prosody in zip(
            waveforms, alignments, transcripts or [None] * len(alignments), prosodies, strict=True
        )
    ]
    settings = scorer_settings(scorer)
    return [
        Emphasis(prosody, score, top, first, last, settings)
        for prosody, score, (top, first, last) in zip(prosodies, scores, segments(scores), strict=True)
    ]


def segments(scores: Sequence[Float64]) -> list[tuple[int, int, int]]:
    """(top, first, last) of each utterance: the word with the highest score (ties: first) and its two neighbours."""
    offsets = np.array([0, *np.cumsum([len(score) for score in scores], dtype=np.int64)], dtype=np.int64)
    found = np.empty((3, len(scores)), dtype=np.int64)
    kernels.top_words(np.concatenate([np.empty(0), *scores]), offsets, *found)
    return [(int(top), int(first), int(last)) for top, first, last in found.T]


def scorer_settings(scorer: EmphasisScorer) -> dict[str, object]:
    """A scorer's registered name (its class where it has none) and its options, as every result records them."""
    target = f"{type(scorer).__module__}:{type(scorer).__qualname__}"
    names = [plugin.name for plugin in registry().plugins("emphasis") if plugin.target == target]
    options = getattr(scorer, "options", None)
    return {"scorer": names[0] if names else target, **(options.model_dump() if options is not None else {})}


def emphasis_json(utterance_id: str, emphasis: Emphasis) -> dict[str, Any]:
    """The emphasis of one utterance in plain values, in the stable shape of `msftk emphasis --json`."""
    prosody = emphasis.prosody
    words = [
        {
            "word": word,
            "start_s": float(prosody.start_s[i]),
            "end_s": float(prosody.end_s[i]),
            "voiced": bool(prosody.voiced[i]),
            "log_f0": float(prosody.log_f0[i]) if prosody.voiced[i] else None,
            "energy": float(prosody.energy[i]),
            "phone_duration_s": float(prosody.phone_duration_s[i]),
            "z_pitch": float(prosody.z_pitch[i]),
            "z_energy": float(prosody.z_energy[i]),
            "z_duration": float(prosody.z_duration[i]),
            "score": float(emphasis.score[i]),
            "emphasised": i == emphasis.top,
        }
        for i, word in enumerate(prosody.words)
    ]
    segment = {
        "text": emphasis.segment_text,
        "first": emphasis.first,
        "last": emphasis.last,
        "start_s": float(prosody.start_s[emphasis.first]),
        "end_s": float(prosody.end_s[emphasis.last]),
    }
    return {"id": utterance_id, "words": words, "segment": segment, "settings": dict(emphasis.settings)}


def _scores(
    scorer: EmphasisScorer, waveform: Float32, alignment: Alignment, transcript: str | None, prosody: WordProsody
) -> Float64:
    """The scorer's answer, held to its contract: one finite score a word."""
    raw = scorer.scores(waveform, SAMPLE_RATE_HZ, alignment, transcript, prosody=prosody)
    score: Float64 = np.ascontiguousarray(raw, dtype=np.float64)
    if score.shape != (len(prosody.words),) or not np.isfinite(score).all():
        raise InputError(
            f"{alignment.source or 'alignment'}: emphasis scorer '{scorer_settings(scorer)['scorer']}' returned scores "
            f"of shape {score.shape}, {np.isfinite(score).sum()} of them finite; expected one finite score for each of "
            f"{len(prosody.words)} words. Correct the scorer."
        )
    return score
