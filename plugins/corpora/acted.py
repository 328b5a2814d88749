"""What corpora of acted emotion share: files whose names say everything, and ratings that stand for categories.

category_vad.csv holds the mean pleasure, arousal and dominance of English emotion terms, from -1 to 1, in Russell and
Mehrabian (1977), "Evidence for a three-factor theory of emotions", J. Research in Personality 11, 273-294; `neutral` is
the centre of the scale by convention. One value a category: a high CCC on them says that categories are told apart, not
that graded emotion is measured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from msftk.counting import counted
from msftk.errors import InputError
from msftk.files import files_under
from msftk.interfaces import CorpusReading
from msftk.speech.audio_file import AUDIO_SUFFIXES
from msftk.tables import read_rows
from msftk.types import ATTRIBUTES, RatingScale, Utterance

SCALE = RatingScale(-1, 1)
WARNING = "demonstration labels (category-derived, not ratings)"


@cache
def category_ratings() -> Mapping[str, Mapping[str, float]]:
    """Category -> valence, arousal, dominance on -1..1; `calm` has none."""
    rows = read_rows(Path(__file__).with_name("category_vad.csv")).rows
    columns = {attribute: attribute for attribute in ATTRIBUTES}
    return {row.cells["category"]: row.ratings(columns, SCALE) for row in rows}


def named_files(root: Path, pattern: re.Pattern[str], corpus: str, form: str) -> tuple[dict[str, Path], int]:
    """Audio files anywhere under `root` whose stem has the form of the corpus, by stem, sorted; and how many copies.

    Raises InputError where there is none.
    """
    paths = [p for p in files_under(root) if p.suffix.lower() in AUDIO_SUFFIXES and not p.name.startswith(".")]
    fitting = [path for path in paths if pattern.fullmatch(path.stem)]
    if not fitting:
        raise InputError(
            f"{root}: no audio file named as {form} (found {counted(len(paths), 'other')}). "
            f"Give the top folder of {corpus}."
        )
    files: dict[str, Path] = {}
    for path in fitting:  # the release of RAVDESS on Kaggle holds every file twice
        files.setdefault(path.stem, path)
    return dict(sorted(files.items())), len(fitting) - len(files)


def category_reading(
    name: str,
    root: Path,
    pattern: re.Pattern[str],
    form: str,
    utterance_of: Callable[[re.Match[str], Path], Utterance | None],
    facts: Mapping[str, str],
    speakers: Collection[str],
) -> CorpusReading:
    """Every file as an utterance rated by its category; those for which `utterance_of` gives None are counted.

    `speakers`: all that the corpus has. A category without values (calm) is left out and counted too.
    """
    files, copies = named_files(root, pattern, name, form)
    matches = {path: pattern.fullmatch(stem) for stem, path in files.items()}
    read = [utterance_of(match, path) for path, match in matches.items() if match]
    found = [utterance for utterance in read if utterance is not None]
    rated = category_ratings()
    kept = [utterance for utterance in found if utterance.category in rated]
    unrated = ", ".join(sorted({str(utterance.category) for utterance in found} - set(rated)))
    counts = {
        f"left out ({unrated})": len(found) - len(kept),
        "left out (not speech alone)": len(read) - len(found),
        "copies not read": copies,
    }
    about = {"ratings": WARNING, **facts, **{key: str(n) for key, n in counts.items() if n}}
    if absent := sorted(set(speakers) - {str(utterance.speaker) for utterance in found}):
        about["missing"] = f"speakers {', '.join(absent)}"
    utterances = [replace(u, ratings=dict(rated[u.category])) for u in kept if u.category]
    return CorpusReading(name, utterances, SCALE, about)
