"""Which word was stressed: scores from a plugin, then one rule for the top word and the emphasis segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from msftk.adoption import adopt
from msftk.counting import counted
from msftk.errors import InputError
from msftk.files import without_nan
from msftk.hookspecs import find_kind
from msftk.interfaces import EmphasisScorer
from msftk.prosody.columns import shown
from msftk.prosody.f0 import harvest
from msftk.prosody.ragged import PAPER_WEIGHTS, Int64, LemfBatch, RaggedWords, lemf_batch
from msftk.prosody.words import check_utterance, prosodies
from msftk.registry import registry
from msftk.speech.audio import check_waveform, resample
from msftk.types import SAMPLE_RATE_HZ, Alignment, Emphasis, Float32, Float64
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

    >>> from importlib.resources import files
    >>> from msftk.speech.alignment import read_alignment
    >>> from msftk.speech.audio import load_audio
    >>> demo = files("msftk") / "demo" / "prompts"
    >>> waveform = load_audio(demo / "audio" / "agent-incorrect.flac")
    >>> aligned = read_alignment(demo / "words.csv", "agent-incorrect")
    >>> emphasis(waveform, 16_000, aligned).segment_text
    'login incorrect'
    """
    check_waveform(waveform, alignment.source or "waveform")
    if sample_rate_hz != SAMPLE_RATE_HZ:
        waveform = resample(waveform, sample_rate_hz)
    if f0_hz is None:
        f0_hz = harvest(waveform, SAMPLE_RATE_HZ)
    found = emphasis_batch([waveform], [alignment], [f0_hz], transcripts=[transcript], scorer=scorer)[0]
    return found if alignment.stressed is None else stressed_on(found, alignment.stressed)


def stressed_on(found: Emphasis, place: int) -> Emphasis:
    """The same words with the stress said to lie on the one at `place`, and the segment around it; scores stay.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> stressed_on(emphasis(np.zeros(16_000, np.float32), 16_000, aligned), 0).top
    0
    """
    n_words = len(found.score)
    named = np.zeros(n_words)
    named[place] = 1.0
    (top,), (first,), (last,) = segments(named, np.array([0, n_words])).tolist()
    return replace(found, top=top, first=first, last=last)


def emphasis_batch(
    waveforms: Sequence[Float32],
    alignments: Sequence[Alignment],
    f0_hz: Sequence[Float64],
    *,
    transcripts: Sequence[str | None] | None = None,
    scorer: EmphasisScorer | None = None,
) -> list[Emphasis]:
    """`emphasis` of many 16 kHz utterances in one pass of the kernels, with the same bits as one by one.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> found = emphasis_batch([np.zeros(16_000, np.float32)] * 2, [aligned] * 2, [np.full(201, 120.0)] * 2)
    >>> [one.prosody.words[one.top] for one in found]
    ['now', 'now']
    """
    scorer = scorer or registry().create("emphasis", find_kind("emphasis").default)
    for waveform, alignment, f0 in zip(waveforms, alignments, f0_hz, strict=True):
        check_utterance(waveform, alignment, f0)
    words, found = emphasis_ragged(waveforms, alignments, f0_hz, transcripts or [None] * len(alignments), scorer)
    settings = scorer_settings(scorer)
    return [
        Emphasis(prosody, found.score[start:end], int(found.top[i]), int(found.first[i]), int(found.last[i]), settings)
        for i, (prosody, (start, end)) in enumerate(
            zip(prosodies(words, found), pairwise(found.offsets.tolist()), strict=True)
        )
    ]


def emphasis_ragged(
    waveforms: Sequence[Float32],
    alignments: Sequence[Alignment],
    f0_hz: Sequence[Float64],
    transcripts: Sequence[str | None],
    scorer: EmphasisScorer,
) -> tuple[RaggedWords, LemfBatch]:
    """`emphasis_batch` as columns over all words, of utterances that `check_utterance` found good.

    A scorer that is a weighted sum of the z-scores (`weights`) is computed within the kernel, one that scores a ragged
    batch (`batch_scores`) is called once, any other once an utterance.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> scorer = registry().create("emphasis", "lemf")
    >>> words, found = emphasis_ragged([np.zeros(16_000, np.float32)], [aligned], [np.full(201, 120.0)], [None], scorer)
    >>> len(words), found.score.round(2).tolist()
    (1, [-0.8, 0.8])
    """
    words = RaggedWords.of(alignments)
    weights = _offered(scorer, "weights")
    found = lemf_batch(waveforms, f0_hz, words, weights or PAPER_WEIGHTS)
    if weights is not None:
        return words, found
    if batch_scores := _offered(scorer, "batch_scores"):
        score = batch_scores(words, found)
        checked = [_checked(score, scorer, "ragged batch", len(found.score))]
    else:
        checked = [
            _checked(
                scorer.scores(waveform, SAMPLE_RATE_HZ, alignment, transcript, prosody=prosody),
                scorer,
                alignment.source or "alignment",
                len(prosody.words),
            )
            for waveform, alignment, transcript, prosody in zip(
                waveforms, alignments, transcripts, prosodies(words, found), strict=True
            )
        ]
    score = np.concatenate([np.empty(0), *checked])
    top, first, last = segments(score, found.offsets)
    return words, replace(found, score=score, top=top, first=first, last=last)


def segments(score: Float64, offsets: Int64) -> Int64:
    """[3, utterances]: the word with the highest score (ties: first), first and last word of the segment around it.

    >>> segments(np.array([0.1, 0.9, 0.3, 0.2]), np.array([0, 4])).tolist()
    [[1], [0], [2]]
    """
    found = np.empty((3, len(offsets) - 1), dtype=np.int64)
    kernels.top_words(score, offsets, *found)
    return found


def scorer_settings(scorer: EmphasisScorer) -> dict[str, object]:
    """A scorer's registered name (its class where it has none) and its options, as every result records them.

    >>> scorer_settings(registry().create("emphasis", "lemf"))
    {'scorer': 'lemf', 'weight_pitch': 1.0, 'weight_energy': 1.2, 'weight_duration': 0.8}
    """
    adopt(type(scorer), EmphasisScorer)  # it may have been handed in by a caller
    target = scorer.target or f"{type(scorer).__module__}:{type(scorer).__qualname__}"
    names = [plugin.name for plugin in registry().plugins("emphasis") if plugin.target == target]
    options = {} if scorer.options is None else scorer.options.model_dump()
    return {"scorer": names[0] if names else target, **options}


def emphasis_json(utterance_id: str, emphasis: Emphasis) -> dict[str, Any]:
    """The emphasis of one utterance in plain values, in the stable shape of `msftk emphasis --json`.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> emphasis_json("a", emphasis(np.zeros(16_000, np.float32), 16_000, aligned))["segment"]
    {'text': 'stop now', 'first': 0, 'last': 1, 'start_s': 0.0, 'end_s': 1.0}
    """
    prosody = emphasis.prosody
    columns = shown(emphasis)
    words = [without_nan(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    segment = {
        "text": emphasis.segment_text,
        "first": emphasis.first,
        "last": emphasis.last,
        "start_s": float(prosody.start_s[emphasis.first]),
        "end_s": float(prosody.end_s[emphasis.last]),
    }
    return {"id": utterance_id, "words": words, "segment": segment, "settings": dict(emphasis.settings)}


def _offered(scorer: EmphasisScorer, name: str) -> Any:
    """What a scorer offers for batches, unless a subclass has changed its `scores` without it."""
    owner = next(kind for kind in type(scorer).__mro__ if "scores" in vars(kind))
    return getattr(scorer, name) if name in vars(owner) else None


def _checked(raw: object, scorer: EmphasisScorer, place: str, n_words: int) -> Float64:
    """The scorer's answer, held to its contract: one finite score a word."""
    score: Float64 = np.ascontiguousarray(raw, dtype=np.float64)
    if score.shape != (n_words,) or not np.isfinite(score).all():
        raise InputError(
            f"{place}: emphasis scorer '{scorer_settings(scorer)['scorer']}' returned scores "
            f"of shape {score.shape}, {np.isfinite(score).sum()} of them finite; expected one finite score for each of "
            f"{counted(n_words, 'word')}. Correct the scorer."
        )
    return score
