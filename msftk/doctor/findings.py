"""What `msftk doctor` says: findings, in the order of their weight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Literal, get_args

Level = Literal["error", "warning", "note"]
SHOWN = 5  # names of a finding


@dataclass(frozen=True)
class Finding:
    """Something found: an "error" makes training wrong, a "warning" is left out or costs, a "note" is good to know."""

    level: Level
    check: str
    text: str
    remedy: str = ""
    examples: tuple[str, ...] = ()


def errors_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity; findings of one level keep their order."""
    return tuple(sorted(findings, key=lambda finding: get_args(Level).index(finding.level)))


def first_of(names: Iterable[str]) -> tuple[str, ...]:
    """As many names as a finding shows, in order."""
    return tuple(nsmallest(SHOWN, names))
