"""Transcripts that a transcriber makes: the transcriber that is asked for them, and the rows that they lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from msftk.preparation.parts import Part
from msftk.preparation.together import Maker
from msftk.store.features import Store
from msftk.store.records import OK
from msftk.types import TimedWord, Transcript


def transcript_maker(part: Part, store: Store) -> Maker[Transcript]:
    """A transcriber with its log in the store."""
    log = store.records(part.producer, part.component.flush_items)
    return Maker("transcriber", "transcript", part, log, "transcribe", "transcribe_batch", _row)


def transcript_of(row: Mapping[str, Any]) -> Transcript:
    """The transcript of a row whose status is "ok"."""
    words = tuple(TimedWord(*word) for word in row["words"])
    return Transcript(row["text"], row["engine"], row["language"], words)


def _row(transcript: Transcript) -> dict[str, object]:
    return {"status": OK, **asdict(transcript)}
