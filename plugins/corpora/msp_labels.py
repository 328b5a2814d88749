"""The label files of MSP-Podcast: consensus (csv or json), one line a rater (labels.txt), partitions."""

from __future__ import annotations

import re
from pathlib import Path

from msftk.errors import InputError
from msftk.files import read_json_object, read_text
from msftk.tables import Row, read_rows
from msftk.types import RaterRating, RatingScale

SCALE = RatingScale(1, 7)
REMEDY = "Take the label file of the release."
CATEGORIES = {  # X, no agreement, is absent
    "A": "angry",
    "S": "sad",
    "H": "happy",
    "U": "surprise",
    "F": "fear",
    "D": "disgust",
    "C": "contempt",
    "N": "neutral",
    "O": "other",
}
NEEDED = ("FileName", "EmoVal", "EmoAct", "EmoDom")
NAMES = frozenset(CATEGORIES.values())
LETTER_VALUE = re.compile(r"\b([VAD]):\s*([^;\s]+)")  # "A:2.200000;", in any order
LETTERS = {"valence": "V", "arousal": "A", "dominance": "D"}


def read_consensus(path: Path, problems: list[str]) -> list[Row]:
    """Rows of labels_consensus with the csv's column names, whichever the form."""
    if path.suffix == ".json":
        rows = _json_rows(path)
        columns = tuple(rows[0].cells) if rows else ()
    else:
        table = read_rows(path)
        rows, columns = list(table.rows), table.columns
        problems += table.problems
    for column in NEEDED:
        if column not in columns:
            found = ", ".join(columns) or "none"
            raise InputError(f"{path}: no column '{column}' (found: {found}). {REMEDY}")
    return rows


def read_raters(path: Path, problems: list[str]) -> dict[str, tuple[RaterRating, ...]]:
    """File stem -> what each person gave. A line that begins with a .wav names the utterance, the others a rater.

    A rater's own class stands behind the name; one in words of their own ("Other-...") is another one.
    """
    raters: dict[str, list[RaterRating]] = {}
    stem: str | None = None
    for number, line in enumerate(_lines(path), start=1):
        name, _, rest = line.partition(";")
        name = name.strip()
        if name.lower().endswith(".wav"):
            stem = stem_of(name)
            raters.setdefault(stem, [])
        elif name and stem is not None:
            try:
                ratings = Row(f"{path}:{number}", dict(LETTER_VALUE.findall(line))).ratings(LETTERS, SCALE)
            except InputError as error:
                problems.append(str(error))
                continue
            said = rest.partition(";")[0].strip().lower()
            raters[stem].append(RaterRating(name, ratings, said if said in NAMES else "other" if said else None))
    return {stem: tuple(given) for stem, given in raters.items() if given}


def read_partition(path: Path) -> dict[str, str]:
    """File stem -> split, from lines "Train; NAME.wav"."""
    pairs = (line.split(";") for line in _lines(path))
    return {stem_of(pair[1].strip()): pair[0].strip() for pair in pairs if len(pair) > 1}


def stem_of(name: str) -> str:
    """The name of an audio file without its ending, which some tables leave out or write in capitals."""
    return name[:-4] if name.lower().endswith(".wav") else name


def _lines(path: Path) -> list[str]:
    return read_text(path).split("\n")


def _json_rows(path: Path) -> list[Row]:
    """The json form: FileName -> the other columns."""
    rows = []
    for name, entry in read_json_object(path, REMEDY).items():
        if not isinstance(entry, dict):
            raise InputError(f"{path}: {name}: holds {type(entry).__name__}, expected its labels. {REMEDY}")
        cells = {key: "" if value is None else str(value) for key, value in entry.items()}
        rows.append(Row(f"{path}: {name}", {"FileName": name} | cells))
    return rows
