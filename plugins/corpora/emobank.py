"""EmoBank: 10,000 English sentences that people rated for valence, arousal and dominance. Text, no audio."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from msftk import interfaces
from msftk.errors import InputError
from msftk.interfaces import CorpusReading
from msftk.registry import registry
from msftk.types import RatingScale

SCALE = RatingScale(1, 5)
TABLES = ("emobank.csv", "corpus/emobank.csv")
COLUMNS = {"id": "id", "split": "split", "valence": "V", "arousal": "A", "dominance": "D", "transcript": "text"}


class EmoBank(interfaces.Corpus):
    """`emobank.csv` (github.com/JULIELab/EmoBank, CC BY 4.0): id, split, V, A, D (1 to 5, 3 = middle), text.

    Ratings are weighted means of a writer's and a reader's view; they lie close to the middle. `root` is the table, or
    the folder or repository that holds it. Cite Buechel and Hahn, EACL 2017.
    """

    class Options(interfaces.Options):
        pass

    def __init__(self, options: EmoBank.Options) -> None:
        self.options = options

    def read(self, root: Path) -> CorpusReading:
        options = {"columns": COLUMNS, "scale": (SCALE.low, SCALE.high), "off_scale": "leave_out"}
        beside = {"text_only": True, "raters": "", "words": ""}
        reading = registry().create("corpus", "csv", options | beside).read(_table(root))
        utterances = [replace(utterance, language="en") for utterance in reading.utterances]
        facts = {**reading.facts, "licence": "CC BY 4.0", "form": "text without audio"}
        return CorpusReading("emobank", utterances, SCALE, facts, reading.problems)


def _table(root: Path) -> Path:
    if not root.is_dir():
        return root
    found = next((root / name for name in TABLES if (root / name).is_file()), None)
    if found is None:
        raise InputError(f"{root}: no {' or '.join(TABLES)}. Give the folder that holds it, or the table.")
    return found
