"""words.csv with phones.csv beside it: alignments of many utterances in two tables."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from msftk import interfaces
from msftk.speech.alignment_table import read_aligned
from msftk.types import Alignment


class Tables(interfaces.AlignmentReader):
    """Reads columns id, start, end, word, and id, start, end, phone of the table beside it; times in seconds."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Tables.Options) -> None:
        self.options = options

    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        return read_aligned(path, utterance_id)
