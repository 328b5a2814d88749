"""EmoDB, the Berlin database of emotional speech: 10 actors, ten German sentences, seven emotions."""

from __future__ import annotations

import re
from pathlib import Path

from msftk import interfaces
from msftk.interfaces import CorpusReading
from msftk.types import Utterance
from msftk_plugins.corpora.acted import category_reading

NAME = re.compile(r"(\d\d)([ab]\d\d)([WLEAFTN])([a-z])")  # speaker, text, emotion, version
SPEAKERS = ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")
MEN = frozenset({"03", "10", "11", "12", "15"})
EMOTIONS = {
    "W": "anger",  # Wut
    "L": "boredom",  # Langeweile
    "E": "disgust",  # Ekel
    "A": "fear",  # Angst
    "F": "happiness",  # Freude
    "T": "sadness",  # Trauer
    "N": "neutral",
}
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}


class EmoDb(interfaces.Corpus):
    """`wav/SSTTTEV.wav` (speaker, text, emotion, version; CC0): V/A/D from categories.

    Valence, arousal, dominance stand for the emotion that was asked for: demonstration labels, not ratings. The words
    carry nothing. Speakers have no split: train with `--folds speaker`. Cite Burkhardt et al., Interspeech 2005.
    """

    class Options(interfaces.Options):
        pass

    def __init__(self, options: EmoDb.Options) -> None:
        self.options = options

    def read(self, root: Path) -> CorpusReading:
        facts = {"licence": "CC0-1.0", "splits": "none; use --folds speaker"}
        reading: CorpusReading = category_reading(
            "emodb", root, NAME, "SSTTTEV.wav (03a01Fa.wav)", _utterance, facts, SPEAKERS
        )
        return reading


def _utterance(name: re.Match[str], path: Path) -> Utterance:
    speaker, text, emotion, _ = name.groups()
    return Utterance(
        id=path.stem,
        audio=path,
        speaker=speaker,
        gender="male" if speaker in MEN else "female",
        language="de",
        transcript=SENTENCES.get(text),
        category=EMOTIONS[emotion],
    )
