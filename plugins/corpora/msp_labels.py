"""The label files of MSP-Podcast: consensus (csv or json), one line a rater (labels.txt), partitions."""

from __future__ import annotations

import json
import re
from pathlib import Path

from msftk.errors import InputError
from msftk.tables import Row, read_rows
from msftk.types import RaterRating, RatingScale

SCALE = RatingScale(1, 7)
NEEDED = ("FileName", "EmoVal", "EmoAct", "EmoDom")
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
            raise InputError(f"{path}: no column '{column}' (found: {found}). Take the label file of the release.")
    return rows


def read_raters(path: Path, problems: list[str]) -> dict[str, tuple[RaterRating, ...]]:
    """File stem -> what each person gave. A line that begins with a .wav names the utterance, the others a rater."""
    raters: dict[str, list[RaterRating]] = {}
    stem: str | None = None
    for number, line in enumerate(_lines(path), start=1):
        name = line.partition(";")[0].strip()
        if name.endswith(".wav"):
            stem = name.removesuffix(".wav")
            raters.setdefault(stem, [])
        elif name and stem is not None:
            try:
                ratings = Row(f"{path}:{number}", dict(LETTER_VALUE.findall(line))).ratings(LETTERS, SCALE)
            except InputError as error:
                problems.append(str(error))
                continue
            raters[stem].append(RaterRating(name, ratings))
    return {stem: tuple(given) for stem, given in raters.items() if given}


def read_partition(path: Path) -> dict[str, str]:
    """File stem -> split, from lines "Train; NAME.wav"."""
    pairs = (line.split(";") for line in _lines(path))
    return {pair[1].strip().removesuffix(".wav"): pair[0].strip() for pair in pairs if len(pair) > 1}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Take the file of the release.") from error


def _json_rows(path: Path) -> list[Row]:
    """The json form: FileName -> the other columns."""
    try:
        labels = json.loads(path.read_text(encoding="utf-8-sig"))
        entries = [(name, dict(entry)) for name, entry in labels.items()]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{path}: not a JSON object of labels ({error}). Take the file of the release.") from error
    return [
        Row(f"{path}: {name}", {"FileName": name} | {key: "" if v is None else str(v) for key, v in entry.items()})
        for name, entry in entries
    ]
