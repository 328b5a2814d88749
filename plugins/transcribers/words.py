"""Whisper's tokens as words with their times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msftk.types import TimedWord


def timed_words(tokenizer: Any, segments: Sequence[Mapping[str, Any]], audio_s: float) -> tuple[TimedWord, ...]:
    """A word begins with the token that brings a space, as Whisper writes; punctuation stays with its word.

    `segments`: as `generate(return_segments=True, return_token_timestamps=True)` gives them; the time of a token, also
    of a mark, is where it ends and the next begins. Times lie within the audio, and in order.
    """
    marks = set(tokenizer.all_special_ids)
    first_time = tokenizer.convert_tokens_to_ids("<|0.00|>")
    pieces: list[tuple[list[int], float, float]] = []  # tokens, start, end
    before_s = 0.0
    for segment in segments:
        for token, end_s in zip(segment["tokens"].tolist(), segment["token_timestamps"].tolist(), strict=True):
            now_s = min(max(round(end_s, 2), before_s), audio_s)
            if token not in marks and token < first_time:
                if not pieces or tokenizer.decode([token]).startswith(" "):
                    pieces.append(([token], before_s, now_s))
                else:
                    tokens, start_s, _ = pieces[-1]
                    pieces[-1] = ([*tokens, token], start_s, now_s)
            before_s = now_s
    words = (TimedWord(tokenizer.decode(tokens).strip(), start_s, end_s) for tokens, start_s, end_s in pieces)
    return tuple(word for word in words if word.label)
