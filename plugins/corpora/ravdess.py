"""RAVDESS speech: 24 actors, two sentences, eight emotions; all facts stand in the file names."""

from __future__ import annotations

import re
from pathlib import Path

from msftk import interfaces
from msftk.interfaces import CorpusReading
from msftk.types import Utterance
from msftk_plugins.corpora.acted import category_reading

# modality, channel, emotion, intensity, statement, repetition, actor
NAME = re.compile(r"(\d\d)-(\d\d)-(0[1-8])-(\d\d)-(0[12])-(\d\d)-(\d\d)")
ACTORS = tuple(f"{actor:02d}" for actor in range(1, 25))
AUDIO_ONLY, SPEECH = "03", "01"
EMOTIONS = ("neutral", "calm", "happiness", "sadness", "anger", "fear", "disgust", "surprise")  # 01 to 08
STATEMENTS = ("Kids are talking by the door.", "Dogs are sitting by the door.")  # 01, 02


class Ravdess(interfaces.Corpus):
    """`Actor_01/03-01-EE-II-SS-RR-AA.wav` (Zenodo 1188976, CC BY-NC-SA 4.0): audio-only speech; V/A/D from categories.

    Valence, arousal, dominance stand for the emotion that was asked for: demonstration labels, not ratings. `calm` has
    none and is left out, as are songs and videos. Both sentences are neutral: the words carry nothing. Actors have no
    split: train with `--folds speaker:K`. Cite Livingstone and Russo, PLoS ONE 2018.
    """

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Ravdess.Options) -> None:
        self.options = options

    def read(self, root: Path) -> CorpusReading:
        facts = {"licence": "CC BY-NC-SA 4.0", "splits": "none; use --folds speaker:K"}
        form = "03-01-EE-II-SS-RR-AA.wav"
        reading: CorpusReading = category_reading("ravdess", root, NAME, form, _utterance, facts, ACTORS)
        return reading


def _utterance(name: re.Match[str], path: Path) -> Utterance | None:
    modality, channel, emotion, _, statement, _, actor = name.groups()
    if (modality, channel) != (AUDIO_ONLY, SPEECH):
        return None
    return Utterance(
        id=path.stem,
        audio=path,
        speaker=actor,
        gender="male" if int(actor) % 2 else "female",
        language="en",
        transcript=STATEMENTS[int(statement) - 1],
        category=EMOTIONS[int(emotion) - 1],
    )
