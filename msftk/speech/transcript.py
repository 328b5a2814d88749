"""The words of a transcript, as they are aligned: one road for every aligner."""

from __future__ import annotations

import unicodedata

from msftk.speech.alignment import is_spoken


def words_of(transcript: str) -> tuple[str, ...]:
    """The words that are said, in order, as they are spelt but for the punctuation around them.

    What stands between brackets ([laughter], <unk>) and marks without a letter or digit are no words.

    >>> words_of("Well -- don't, [laughter] say 'goodbye'!")
    ('Well', "don't", 'say', 'goodbye')
    """
    pieces = (piece for piece in transcript.split() if is_spoken(piece.strip(".,;:!?")))
    return tuple(word for piece in pieces if (word := _bare(piece)))


def _bare(piece: str) -> str:
    """The piece from its first to its last letter, digit or combining mark."""
    kept = [place for place, letter in enumerate(piece) if unicodedata.category(letter)[0] in "LNM"]
    return piece[kept[0] : kept[-1] + 1] if kept else ""
