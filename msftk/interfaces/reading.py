"""What reads a corpus and its alignments: plugins of the kinds that open files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from msftk.interfaces.component import Component
from msftk.types import Alignment, RatingScale, Utterance

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class CorpusReading:
    """What a corpus adapter found: utterances, scale, facts for the manifest (spellings, version), and bad items.

    facts["missing"]: parts that the corpus should have and that were not found; `doctor` repeats them.
    """

    name: str
    utterances: Sequence[Utterance]
    scale: RatingScale
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


class Corpus(Component):
    """A corpus on disk -> utterances. `root` is a folder, or the file that the corpus is described by."""

    needs_root: ClassVar[bool] = True
    """False: the corpus lies in its own package."""

    @abstractmethod
    def read(self, root: Path) -> CorpusReading: ...


class AlignmentReader(Component):
    """An alignment file -> `Alignment`. `suffixes`: lower-case endings of the file names that it reads."""

    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        """Raises InputError (file, place, remedy), AbsentError if a table of many utterances does not hold this one."""
        ...
