"""EmoTale: enacted emotion in Danish and English, rated by three people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from msftk import interfaces
from msftk.errors import InputError
from msftk.interfaces import CorpusReading
from msftk.tables import Row, Table, read_rows
from msftk.types import ATTRIBUTES, RaterRating, RatingScale, Utterance

SCALE = RatingScale(1, 5)
NAME = re.compile(r"(DK|EN)_(\d+)_([ABHNS])_(\d)")  # language, speaker, acted emotion, sentence
LANGUAGES = {"DK": "da", "EN": "en"}
EMOTIONS = {"A": "anger", "B": "boredom", "H": "happiness", "N": "neutral", "S": "sadness"}
GENDERS = {"f": "female", "m": "male"}
CHILDREN = ("008", "009", "014")
LEFT = 0  # the right channel is silent in three files
SENTENCE = re.compile(r"\|\s*(\d)\.?\s*\|([^|]+)\|([^|]+)\|")  # the README's table: number, Danish, English
SPELLING = {"frigde": "fridge"}  # a slip of the README


class EmoTale(interfaces.Corpus):
    """`wav/{DK|EN}_{speaker}_{A|B|H|N|S}_{1-5}.wav`, `annotations.csv` (a1_A, a1_V, a1_D, ...), `speaker_info.csv`.

    The rating is the mean of the raters. The left channel is heard. The three children are left out unless asked for.
    The id holds the acted emotion, which is the category and no input. Transcripts are read from the corpus' README;
    the words carry nothing. No licence is stated: measure on it, and do not ship it or what was trained on it. Speakers
    have no split: train with `--folds speaker`. Cite Hjuler et al., ASRU 2025.
    """

    class Options(interfaces.Options):
        children: bool = Field(False, description="keep the three speakers who are children")

    def __init__(self, options: EmoTale.Options) -> None:
        self.options = options

    def read(self, root: Path) -> CorpusReading:
        table = read_rows(root / "annotations.csv")
        raters = _raters(table)
        sentences, genders = _sentences(root / "README.md"), _genders(root / "speaker_info.csv")
        problems = list(table.problems)
        utterances: list[Utterance] = []
        n_children = 0
        for row in table.rows:
            try:
                utterance = _utterance(row, root, raters, sentences, genders)
            except InputError as error:
                problems.append(str(error))
                continue
            if utterance.speaker in CHILDREN and not self.options.children:
                n_children += 1
            else:
                utterances.append(utterance)
        facts = {"licence": "none stated", "channel": "left", "splits": "none; use --folds speaker"}
        facts |= {"left out (children)": str(n_children)} if n_children else {}
        facts |= {} if sentences else {"transcripts": "none (no README.md with the sentences)"}
        return CorpusReading("emotale", utterances, SCALE, facts, problems)


def _utterance(
    row: Row,
    root: Path,
    raters: Mapping[str, Mapping[str, str]],
    sentences: Mapping[tuple[str, str], str],
    genders: Mapping[str, str],
) -> Utterance:
    """Raises InputError for another name, missing audio, or a rating off the scale."""
    stem = (row.text("file") or "").removesuffix(".wav")
    name = NAME.fullmatch(stem)
    if name is None:
        raise InputError(f"{row.place}: file is '{stem}', expected e.g. DK_001_A_1.wav. Correct the row or remove it.")
    language, speaker, emotion, sentence = name.groups()
    audio = root / "wav" / f"{stem}.wav"
    if not audio.is_file():
        raise InputError(f"{row.place}: no audio file {audio}. Add it to the corpus, or remove the row.")
    given = [RaterRating(rater, ratings) for rater, c in raters.items() if (ratings := row.ratings(c, SCALE))]
    values = {a: [one.ratings[a] for one in given if a in one.ratings] for a in ATTRIBUTES}
    return Utterance(
        id=stem,
        audio=audio,
        speaker=speaker,
        gender=genders.get(speaker),
        language=LANGUAGES[language],
        transcript=sentences.get((LANGUAGES[language], sentence)),
        ratings={a: sum(numbers) / len(numbers) for a, numbers in values.items() if numbers} or None,
        rater_ratings=tuple(given) or None,
        category=EMOTIONS[emotion],
        channel=LEFT,
    )


def _raters(table: Table) -> dict[str, dict[str, str]]:
    """Rater -> its columns by attribute: a1_A, a1_V, a1_D, in whatever order they stand."""
    names = sorted({column.removesuffix("_V") for column in table.columns if re.fullmatch(r"a\d+_V", column)})
    if "file" not in table.columns or not names:
        raise InputError(
            f"{table.path}: no columns file, a1_A, a1_V, a1_D (found: {', '.join(table.columns)}). "
            "Take the table of the release."
        )
    return {name: {attribute: f"{name}_{attribute[0].upper()}" for attribute in ATTRIBUTES} for name in names}


def _sentences(readme: Path) -> dict[tuple[str, str], str]:
    """(language, number) -> sentence; empty without the file."""
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    for slip, right in SPELLING.items():
        text = text.replace(slip, right)
    found: dict[tuple[str, str], str] = {}
    for number, danish, english in SENTENCE.findall(text):
        found[("da", number)], found[("en", number)] = danish.strip(" _*"), english.strip(" _*")
    return found


def _genders(table: Path) -> dict[str, str]:
    """Speaker -> gender; empty without the table."""
    rows = read_rows(table).rows if table.is_file() else ()
    return {
        (row.text("speaker") or "").zfill(3): gender
        for row in rows
        if (gender := GENDERS.get((row.text("gender") or "").lower()[:1]))
    }
