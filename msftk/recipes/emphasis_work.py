"""The work of an emphasis job: groups of utterances, and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from msftk.errors import AbsentError, MsftkError
from msftk.interfaces import Want
from msftk.preparation.extract import Preparation
from msftk.preparation.material import Material
from msftk.recipes.emphasis_table import RowLog, utterance_rows
from msftk.speech.audio_file import audio_facts
from msftk.types import SAMPLE_RATE_HZ, Utterance

GROUP = 4  # utterances that are read before the F0 of the first: a kill costs so many readings, larger ones gain 2 %
GROUPS_A_WORKER = 8  # of a small corpus, so that no worker waits long for another at the end


class Done(NamedTuple):
    """The key of an utterance's rows, or the reason why it has none; `found`: an earlier run left them; `aligner`: who
    found the words, "" where they were given."""

    key: str | None
    reason: str | None = None
    warnings: Mapping[str, str] = MappingProxyType({})
    found: bool = False
    audio_s: float = 0.0
    aligner: str = ""


@dataclass(frozen=True)
class Emphasise:
    """Finds the emphasis of a group of utterances and appends the rows of each to the log.

    Step after step over the whole group: after F0 no other step finds its code and data in the cache.
    """

    preparation: Preparation
    log: RowLog
    wants: ClassVar[Want] = "cpu-kernel"

    def __call__(self, group: Sequence[tuple[int, Utterance]]) -> list[Done | Exception]:
        materials = [self.preparation.material(utterance) for _, utterance in group]
        done: dict[int, Done | Exception] = {}
        for step in (self._find, self._load, self._hear, self._score):
            for place, material in enumerate(materials):
                if place in done:
                    continue
                try:
                    if finished := step(material):
                        done[place] = finished
                except AbsentError as absent:
                    done[place] = Done(None, str(absent), material.warnings)
                except Exception as error:  # this utterance's; the others are done
                    done[place] = error
        return [done[place] for place in range(len(group))]

    def _find(self, material: Material) -> Done | None:
        key = material.key_of(("id", "emphasis"))
        return Done(key, found=True, aligner=material.alignment.aligner) if key in self.log else None

    def _load(self, material: Material) -> None:
        _ = material.fitting_alignment

    def _hear(self, material: Material) -> None:
        _ = material.f0_hz

    def _score(self, material: Material) -> Done:
        key = material.key_of(("id", "emphasis"))
        self.log.append(key, utterance_rows(material.utterance.id, material.emphasis))
        audio_s = len(material.waveform) / SAMPLE_RATE_HZ
        return Done(key, warnings=material.warnings, audio_s=audio_s, aligner=material.alignment.aligner)


def groups_of(durations_s: Sequence[float], workers: int) -> Iterator[tuple[int, ...]]:
    """Places in the manifest, longest first, in groups of `GROUP`, smaller in a small corpus."""
    size = min(GROUP, max(1, len(durations_s) // (workers * GROUPS_A_WORKER)))
    longest_first = sorted(range(len(durations_s)), key=lambda place: -durations_s[place])
    return (tuple(longest_first[begin : begin + size]) for begin in range(0, len(longest_first), size))


def duration_s(utterance: Utterance) -> float:
    """As the manifest tells it, else as the audio's header does; 0 where neither can."""
    if utterance.duration_s is not None:
        return utterance.duration_s
    if utterance.start_s is not None and utterance.end_s is not None:
        return utterance.end_s - utterance.start_s
    try:
        return audio_facts(utterance.audio).duration_s if utterance.audio else 0.0
    except MsftkError:  # whoever loads it says why
        return 0.0
