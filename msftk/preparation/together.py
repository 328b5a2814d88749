"""What a component makes of several utterances at once: asked for what the store does not know, and stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from msftk.counting import counted
from msftk.errors import AbsentError, BackEndError, RefusedError
from msftk.interfaces import Evidence
from msftk.preparation.outcomes import MADE
from msftk.preparation.parts import Part
from msftk.store.records import RecordLog

if TYPE_CHECKING:
    from msftk.preparation.material import Material

Made = TypeVar("Made")


@dataclass(frozen=True)
class Maker(Generic[Made]):
    """A component that is asked about several utterances in one call, and the log that its answers lie in.

    `who` ("describer") makes `what` ("description"); `one`, `many`: names of the methods that answer one utterance or
    several; `row`: what is stored of an answer.
    """

    who: str
    what: str
    part: Part
    log: RecordLog
    one: str
    many: str
    row: Callable[[Made], Mapping[str, object]]

    def make(self, materials: Sequence[Material]) -> None:
        """Makes what the store does not know yet, in one call of the component.

        Each is then in the store, or its material knows why it is not (`unmade`). A component that fails is a warning:
        the utterance goes without, and is tried again in the next run. A refusal is stored. Raises BackEndError as the
        component does, when the other answers are in the store.
        """
        unknown: dict[str, Material] = {}  # by key: what is asked twice is made once
        for material in materials:
            try:
                if (key := material.key(self.part)) not in self.log:
                    unknown.setdefault(key, material)
            except Exception as error:  # what the component reads is absent
                material.unmade[self.what] = error
        if unknown:
            with self.log.claimed(*unknown):
                self._make({key: material for key, material in unknown.items() if key not in self.log})

    def _make(self, unknown: Mapping[str, Material]) -> None:
        asked: list[tuple[str, Material, Evidence]] = []
        for key, material in unknown.items():
            try:
                asked.append((key, material, material.evidence(self.part)))
            except Exception as error:  # what the component reads is absent, or the audio cannot be used
                material.unmade[self.what] = error
        answers = self.answers([evidence for *_, evidence in asked]) if asked else []
        ends: BackEndError | None = None
        for (key, material, _), answer in zip(asked, answers, strict=True):
            if isinstance(answer, BackEndError):
                ends = answer
            elif isinstance(answer, RefusedError):
                self.log.put(key, {"status": answer.reason, "detail": answer.detail})
                material.outcomes[self.what] = answer.reason
            elif isinstance(answer, AbsentError):
                material.unmade[self.what] = answer
            elif isinstance(answer, Exception):
                material.warnings[self.what] = f"{self.who} '{self.part.name}': {answer}"
                material.outcomes[self.what] = f"{self.what} failed"
                material.unmade[self.what] = AbsentError(f"{self.what} failed")
            else:
                self.log.put(key, self.row(answer))
                material.outcomes[self.what] = MADE
        if ends is not None:
            raise ends

    def answers(self, evidence: Sequence[Evidence]) -> list[Made | Exception]:
        """An answer each; where the component refuses several together, each by itself."""
        component = self.part.component
        try:
            if len(evidence) == 1:
                return [getattr(component, self.one)(evidence[0])]
            answers = list(getattr(component, self.many)(evidence))
            if len(answers) != len(evidence):
                raise ValueError(f"{self.many}() gave {counted(len(answers), 'answer')}, expected {len(evidence)}")
            return answers
        except BackEndError:
            raise
        except Exception as error:  # any plugin, any failure
            if len(evidence) == 1:
                return [error]
            return [answer for one in evidence for answer in self.answers([one])]
