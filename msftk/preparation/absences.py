"""Who lacks what, and why: counted in one way for every report."""

from __future__ import annotations

from collections.abc import Mapping


class Absences:
    """What is absent -> reason -> ids of the utterances, each in the order it was met."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, list[str]]] = {}

    def add(self, what: str, reason: str, utterance_id: str) -> None:
        self._ids.setdefault(what, {}).setdefault(reason, []).append(utterance_id)

    def ids(self, what: str) -> Mapping[str, tuple[str, ...]]:
        """reason -> ids of the utterances that lack `what`."""
        return {reason: tuple(ids) for reason, ids in self._ids.get(what, {}).items()}

    def counts(self, what: str) -> dict[str, int]:
        """reason -> how many utterances lack `what`."""
        return {reason: len(ids) for reason, ids in self._ids.get(what, {}).items()}
