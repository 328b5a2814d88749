"""Alignments as CSV: words.csv with phones.csv beside it for many utterances, or what MFA writes for one."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from msftk import interfaces
from msftk.files import unreadable
from msftk.speech.alignment_table import read_aligned
from msftk.speech.tiers import TierOptions, tier_alignment
from msftk.types import Alignment
from msftk_plugins.alignments.mfa_csv import MFA_COLUMNS, read_csv_tiers


class Tables(interfaces.AlignmentReader):
    """Reads columns id, start, end, word, and id, start, end, phone of the table beside it; times in seconds.

    A table with columns Begin, End, Label, Type (MFA --output_format csv) is one utterance, with tiers.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    Options = TierOptions

    def __init__(self, options: TierOptions) -> None:
        self.options = options

    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        if _is_mfa(path):
            return tier_alignment(path, read_csv_tiers(path), self.options)
        return read_aligned(path, utterance_id)


def _is_mfa(path: Path) -> bool:
    """By the first line alone: a table of many utterances is parsed once, and asked for each of them."""
    try:
        with path.open("rb") as file:
            header = file.readline(1000).lower()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return all(column.encode() in header for column in MFA_COLUMNS)
