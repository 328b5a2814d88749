"""What an engine answers about many utterances, gathered in columns: a large corpus needs few objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msftk.errors import InputError, MsftkError
from msftk.preparation.outcomes import Outcomes
from msftk.preparation.texts import Answer
from msftk.preparation.work import Answers, Question
from msftk.store.keys import KeyColumn

NOBODY: Mapping[str, str] = {}


class Collected:
    """A row an utterance, in the order of their ids, whichever ends first.

    `rows`: id -> row. `answers`: source -> one a row, None where there is none. `audio_keys`: of F0, one a row.
    `made_by`: what was read of each -> who made it.

    Raises InputError where two utterances have one id.
    """

    def __init__(self, ids: Sequence[str], sources: Iterable[str]) -> None:
        self.ids = ids
        self.rows = {one: row for row, one in enumerate(ids)}
        if len(self.rows) < len(ids):
            twice = next(one for row, one in enumerate(ids) if self.rows[one] != row)
            raise InputError(f"utterance id '{twice}' stands there twice. Give each utterance an id of its own.")
        self.answers: dict[str, list[Answer | None]] = {source: [None] * len(ids) for source in sources}
        self.audio_keys = KeyColumn(len(ids))
        self.outcomes = Outcomes()
        self.made_by: list[Mapping[str, str]] = [NOBODY] * len(ids)
        self._answers: dict[Answer, Answer] = {}  # equal ones are one object
        self._makers: dict[tuple[str, ...], Mapping[str, str]] = {}  # as well
        self._failures: dict[int, str] = {}
        self._warnings: dict[int, str] = {}
        self.done = 0

    def take(self, question: Question, found: Answers | Exception) -> None:
        """What became of one utterance."""
        row = question.row
        self.done += 1
        if isinstance(found, Exception):
            self._failures[row] = str(found) if isinstance(found, MsftkError) else f"{type(found).__name__}: {found}"
            return
        for source, answer in found.by_source.items():
            self.answers[source][row] = self._answers.setdefault(answer, answer)
        self.made_by[row] = self._makers.setdefault((*found.made_by, *found.made_by.values()), found.made_by)
        self.audio_keys[row] = found.audio_key
        self.outcomes.take(row, found.outcomes)
        if found.warnings:
            self._warnings[row] = " ".join(found.warnings.values())

    @property
    def note(self) -> str:
        """How many failed so far, for a bar."""
        return f"{len(self._failures)} failed" if self._failures else ""

    def failed(self, row: int) -> bool:
        return row in self._failures

    @property
    def texts(self) -> dict[str, None]:
        """Every text that a source gave and means as a whole, each once."""
        return {answer.text: None for answer in self._answers if answer.text and answer.span is None}

    @property
    def spans(self) -> dict[tuple[str, tuple[int, int]], None]:
        """Every text of which a source means a part, with that part, each once."""
        return {(answer.text, answer.span): None for answer in self._answers if answer.text and answer.span}

    @property
    def failures(self) -> dict[str, str]:
        """id -> message."""
        return {self.ids[row]: self._failures[row] for row in sorted(self._failures)}

    @property
    def warnings(self) -> dict[str, str]:
        """id -> messages."""
        return {self.ids[row]: self._warnings[row] for row in sorted(self._warnings)}
