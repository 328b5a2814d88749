"""Bytes changed at random: the input number `index` of a seed is always the same."""

from __future__ import annotations

import random
from collections.abc import Sequence

PIECES = (
    *(
        b"",
        b"\x00",
        b"\xff",
        b"\xc3",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x1b[2J",
        "\u00a0\u2028\u0663".encode(),
        b"\xed\xa0\x80",
    ),
    *(b'"', b"'", b",", b";", b":", b"=", b"[", b"{", b"<", b"\\", b"\n", b"\r", b"\t", b" "),
    *(b"0", b"-1", b"2.5", b"1e999", b"nan", b"inf", b"99999999999", b"9" * 400, b"1_0", b"0x10", b"\x00\x00\x00\x80"),
)
LONGEST = 40  # bytes moved at a time


def mutated(seeds: Sequence[bytes], pieces: Sequence[bytes], seed: int, index: int) -> bytes:
    """One of the seeds with one to four edits: pieces put in, bytes dropped, flipped, copied, or the end cut off."""
    draw = random.Random(f"{seed} {index}")
    raw = draw.choice(seeds)
    for _ in range(draw.randint(1, 4)):
        at, length = draw.randint(0, len(raw)), draw.randint(0, LONGEST)
        edit = draw.choice(("insert", "replace", "drop", "flip", "copy", "repeat", "cut"))
        if edit in ("insert", "replace"):
            piece = draw.choice((*PIECES, *pieces))
            raw = raw[:at] + piece + raw[at + (len(piece) if edit == "replace" else 0) :]
        elif edit == "drop":
            raw = raw[:at] + raw[at + length :]
        elif edit == "flip" and raw:
            at = draw.randrange(len(raw))
            raw = raw[:at] + bytes([raw[at] ^ 1 << draw.randrange(8)]) + raw[at + 1 :]
        elif edit == "copy":
            other = draw.choice(seeds)
            begin = draw.randint(0, len(other))
            raw = raw[:at] + other[begin : begin + length] + raw[at:]
        elif edit == "repeat":
            raw = raw[:at] + raw[at : at + length] * draw.randint(1, 8) + raw[at:]
        elif edit == "cut":
            raw = raw[: draw.randint(0, len(raw))]
    return raw
