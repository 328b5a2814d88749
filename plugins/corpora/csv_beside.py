"""What lies beside a corpus table: the alignments of its utterances, and what single raters gave."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from msftk.errors import InputError
from msftk.speech.alignment_files import TABLES, alignments_under, the_only
from msftk.speech.alignment_table import aligned_ids
from msftk.tables import read_rows
from msftk.types import RaterRating, RatingScale
from msftk_plugins.corpora.csv_columns import USUAL_OF_RATERS, check_scale, columns_of, demand

RATER_FLAG = "--set rater_columns."


class Alignments:
    """By utterance id: files under a folder, else a table of words.

    Args:
        folder: where files named after ids lie at any depth.
        words: a table of words, or None.
        must_be_words: refuse a table that is none; else it is left, and `not_read` says why.
    """

    def __init__(self, folder: Path | None, words: Path | None, must_be_words: bool) -> None:
        self.folder, self.words, self.not_read = folder, words, ""
        self.files = alignments_under(folder) if folder else {}
        try:
            self.aligned = frozenset(aligned_ids(words) if words else ())
        except InputError as error:
            if must_be_words:
                raise
            self.words, self.aligned, self.not_read = None, frozenset(), str(error)

    @property
    def table(self) -> Path | None:
        """A table of words under the folder, where files named after ids were looked for."""
        return next((path for paths in self.files.values() for path in paths if path.name.lower() in TABLES), None)

    def of(self, utterance_id: str) -> Path | None:
        """Raises InputError where several files compete."""
        found = the_only(utterance_id, self.files.get(utterance_id, ()))
        return found or (self.words if utterance_id in self.aligned else None)

    def facts(self, found: int, utterances: int) -> dict[str, str]:
        """Where alignments come from, and for how many."""
        places = [str(self.folder)] * (self.folder is not None) + [self.words.name if self.words else ""]
        facts = {"words": self.words.name if self.words else "", "not read": self.not_read}
        if self.folder or self.words:
            facts["alignments"] = f"{found} of {utterances}, from {' and '.join(filter(None, places))}"
        return facts


def read_raters(
    path: Path, named: Mapping[str, str], scale: RatingScale, problems: list[str], refuses_off_scale: bool
) -> dict[str, tuple[RaterRating, ...]]:
    """Utterance id -> what each person gave, from a table with a row a rater and utterance; bad rows are problems.

    Raises InputError for a table that cannot be read, and as `check_scale`.
    """
    table = read_rows(path)
    columns = columns_of(table, USUAL_OF_RATERS, named, RATER_FLAG)
    for field in ("id", "rater"):
        demand(table, columns, field, RATER_FLAG)
    if refuses_off_scale:
        check_scale(table.rows, columns, scale)
    problems += table.problems
    given: dict[str, list[RaterRating]] = {}
    for row in table.rows:
        utterance_id, rater = row.text(columns["id"]), row.name(columns["rater"])
        try:
            if utterance_id is None or rater is None:
                raise InputError(f"{row.place}: no id or no rater. Complete the row or remove it.")
            own = RaterRating(rater, row.ratings(columns, scale), row.name(columns["category"]))
            given.setdefault(utterance_id, []).append(own)
        except InputError as error:
            problems.append(str(error))
    return {utterance_id: tuple(ratings) for utterance_id, ratings in given.items()}


def check_match(place: Path | str, holds: Collection[str], ids: Collection[str], table: Path | None = None) -> None:
    """Raises InputError where nothing in `place`, which the user named, has the id of an utterance.

    `table`: a table of words that lies there instead of files named by ids.
    """
    if ids and not set(ids) & set(holds):
        instead = f"To read the table {table} give --set words={table.absolute()}" if table else ""
        raise InputError(
            f"{place}: nothing in it has the id of an utterance, such as '{next(iter(ids))}' (found: "
            f"{', '.join(sorted(holds)[:5]) or 'nothing'}). "
            f"{instead or 'Name them by the same ids, or another place'}."
        )


def table_beside(root: Path, name: str, default: object) -> Path | None:
    """The table `name` in the folder of `root`, never `root` itself; one that the user named must exist."""
    path = root.parent / name
    return None if not name or path == root or (name == default and not path.is_file()) else path
