"""NIST CTM (Kaldi, NeMo, ESPnet): a line a word with start and duration, many utterances in one file."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import ClassVar

from pydantic import Field

from msftk import interfaces
from msftk.counting import counted
from msftk.errors import InputError
from msftk.files import read_text, unreadable
from msftk.speech.alignment_table import IntervalTable, read_aligned
from msftk.types import Alignment

COMMENT = ";;"
_lock = Lock()  # many threads ask for one file: the first reads it, the others wait


class Ctm(interfaces.AlignmentReader):
    """Reads `id channel start duration word [confidence]` in seconds, and phones.ctm beside words.ctm.

    In ID.ctm, a file of one utterance, the first column may hold any name. A recording with several channels needs the
    option `channel`.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".ctm",)

    class Options(interfaces.Options):
        channel: str = Field("", description='the channel to read, e.g. "A"; "" where each id has one')

    def __init__(self, options: Ctm.Options) -> None:
        self.options = options

    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        if path.stem == utterance_id and len(self._table(path, "word").rows) == 1:
            utterance_id = None
        return read_aligned(path, utterance_id, read=self._table)

    def _table(self, path: Path, label: str) -> IntervalTable:
        try:
            facts = os.stat(path)
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error
        with _lock:
            return _parse(path, self.options.channel, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=16)
def _parse(path: Path, channel: str, mtime_ns: int, n_bytes: int) -> IntervalTable:
    rows: dict[str, list[tuple[int, str, str, str]]] = {}
    channels: dict[str, str] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        cells = line.split()
        if not cells or line.startswith(COMMENT):
            continue
        if len(cells) < 5:
            raise InputError(
                f"{path}:{number}: {counted(len(cells), 'column')}, expected id, channel, start, duration and word. "
                "Complete the line."
            )
        utterance_id, found, start, duration, word = cells[:5]
        if channel and found != channel:
            continue
        if channels.setdefault(utterance_id, found) != found:
            raise InputError(
                f"{path}:{number}: '{utterance_id}' has channels {channels[utterance_id]} and {found}, expected one. "
                "Split the file by channel, or name one by the option channel."
            )
        rows.setdefault(utterance_id, []).append((number, start, duration, word))
    return IntervalTable(path, rows, second="duration")
