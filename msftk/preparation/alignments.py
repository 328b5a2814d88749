"""Alignments that an aligner makes: the aligner that is asked for them, and the rows that they lie in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from msftk.preparation.parts import Part
from msftk.preparation.together import Maker
from msftk.speech.alignment import make_alignment, make_tier
from msftk.store.features import Store
from msftk.store.records import OK
from msftk.types import Alignment, Tier

MICROSECONDS = 1_000_000  # times are stored whole


def alignment_maker(part: Part, store: Store) -> Maker[Alignment]:
    """An aligner with its log in the store."""
    log = store.records(part.producer, part.component.flush_items)
    return Maker("aligner", "alignment", part, log, "align_one", "align_batch", _row)


def alignment_of(row: Mapping[str, Any], aligner: str) -> Alignment:
    """The alignment of a row whose status is "ok", as `aligner` made it."""
    words, phones = (
        make_tier(
            [t / MICROSECONDS for t in tier["start_us"]], [t / MICROSECONDS for t in tier["end_us"]], tier["labels"]
        )
        for tier in (row["words"], row["phones"])
    )
    made = make_alignment(words, phones, f"aligned by {aligner}")
    return Alignment(made.words, made.phones, made.source, aligner, np.array(row["word_scores"], dtype=np.float64))


def _row(alignment: Alignment) -> dict[str, object]:
    scores = alignment.word_scores
    assert scores is not None
    words, phones = _columns(alignment.words), _columns(alignment.phones)
    return {"status": OK, "words": words, "phones": phones, "word_scores": scores.tolist()}


def _columns(tier: Tier) -> dict[str, object]:
    return {
        "start_us": np.rint(tier.start_s * MICROSECONDS).astype(int).tolist(),
        "end_us": np.rint(tier.end_s * MICROSECONDS).astype(int).tolist(),
        "labels": list(tier.labels),
    }
