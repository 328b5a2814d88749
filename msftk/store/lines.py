"""Append-only files of JSON lines that outlive a power cut and several writers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole row, in the order written. A torn line (a writer was cut off) is dropped: its work is done again."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return
    for line in text.split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:  # torn, empty, or not UTF-8
            continue
        if isinstance(row, dict):
            yield row


def append_lines(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Appends all rows by one write and waits until they lie on the disk.

    O_APPEND and a single write keep two processes' rows whole. A torn line at the end is closed by a newline, not cut
    off: another process may be writing behind it.
    """
    text = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows).encode()
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            text = b"\n" + text
        view = memoryview(text)
        while view:  # a disk that is nearly full takes less than asked
            view = view[os.write(file, view) :]
        os.fsync(file)
    finally:
        os.close(file)
