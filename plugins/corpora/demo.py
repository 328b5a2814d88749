"""The corpus that comes with msftk: synthetic speech with planted ratings, to see everything run."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import ClassVar

from msftk import interfaces
from msftk.interfaces import CorpusReading
from msftk.registry import registry
from msftk.types import RatingScale

SCALE = RatingScale(1, 7)
WARNING = "planted on synthetic speech"


class Demo(interfaces.Corpus):
    """A balanced part of the planted corpus: eSpeak voices, ratings by a rule; speakers and words disjoint over splits.

    Valence follows the stressed word, arousal vocal effort, dominance tempo. Nothing here is a person's emotion. `root`
    is not read: the corpus lies in the package.
    """

    needs_root: ClassVar[bool] = False

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Demo.Options) -> None:
        self.options = options

    def read(self, root: Path) -> CorpusReading:
        table = Path(str(files("msftk"))) / "demo" / "manifest.csv"
        reading = registry().create("corpus", "csv", {"scale": (SCALE.low, SCALE.high)}).read(table)
        facts = {"ratings": WARNING, **reading.facts}
        return CorpusReading("demo", reading.utterances, SCALE, facts, reading.problems)
