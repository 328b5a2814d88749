"""Any corpus that a CSV table describes: a row an utterance, columns named by the user, other tables beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from msftk import interfaces
from msftk.errors import InputError
from msftk.interfaces import CorpusReading
from msftk.store.manifest import split_name
from msftk.tables import Row, Table, read_rows
from msftk.types import ATTRIBUTES, RaterRating, RatingScale, Utterance
from msftk_plugins.corpora.csv_beside import Alignments, check_match, read_raters, table_beside
from msftk_plugins.corpora.csv_columns import USUAL, Columns, check_scale, columns_of, demand

GENDERS = {"f": "female", "m": "male", "unknown": None}


class CsvTable(interfaces.Corpus):
    """A CSV table in UTF-8 (`,` `;` tab or `|`), one row an utterance; only the column of the audio must exist.

    A corpus of text alone (`text_only`) has no audio: then the columns of id and transcript must exist.

    Columns are found in any case; others are named: `--column valence=V`. With ratings the scale must be named:
    `--scale 1..5`. Absent columns and cells stay absent. A table without ratings takes the mean of the raters' table,
    if there is one. Where no id is given it is the name of the audio, with their times for several segments of one
    (audformat's `file,start,end`).
    """

    class Options(interfaces.Options):
        columns: dict[str, str] = Field(default_factory=dict, description="field -> name of its column")
        scale: tuple[float, float] | None = Field(None, description="lowest and highest rating")
        off_scale: Literal["refuse", "leave_out"] = Field(
            "refuse", description="what to do with a table of which ratings lie outside the scale: their rows left out"
        )
        where: dict[str, str] = Field(
            default_factory=dict, description="column -> value that rows must hold to be kept"
        )
        text_only: bool = Field(False, description="the rows are texts without audio")
        audio_root: Path | None = Field(None, description="folder where paths of audio start, if not the table's")
        audio_suffix: str = Field("", description="what the paths of audio leave out, e.g. .wav")
        alignments: Path | None = Field(
            None, description="folder with alignment files named after ids at any depth, e.g. ID.TextGrid"
        )
        words: str = Field("words.csv", description='table of words beside it, phones.csv likewise; "" for none')
        raters: str = Field("ratings.csv", description='table beside it with a row a rater and utterance; "" for none')
        rater_columns: dict[str, str] = Field(default_factory=dict, description="field -> its column in `raters`")

    def __init__(self, options: CsvTable.Options) -> None:
        self.options = options

    def read(self, root: Path) -> CorpusReading:
        if root.is_dir():
            raise InputError(f"{root}: a folder, expected a CSV table. Give the path of the table.")
        options, table = self.options, read_rows(root)
        columns = columns_of(table, USUAL, options.columns, "--column ")
        for field in ("id", "transcript") if options.text_only else ("audio",):
            demand(table, columns, field, "--column ")
        if columns["start_s"] or columns["end_s"]:  # one alone would rate more than the raters heard
            for field in ("start_s", "end_s" if columns["end_s"] or not columns["duration_s"] else "duration_s"):
                demand(table, columns, field, "--column ")
        usual_words, usual_raters = (CsvTable.Options.model_fields[name].default for name in ("words", "raters"))
        words, raters = table_beside(root, options.words, usual_words), table_beside(root, options.raters, usual_raters)
        scale = self._scale(table, columns, rated_by_people=raters is not None)
        problems = list(table.problems)
        alignments = Alignments(options.alignments, words, must_be_words=options.words != usual_words)
        refuses = options.off_scale == "refuse"
        people = read_raters(raters, options.rater_columns, scale, problems, refuses) if raters else {}
        reading = _Reading(options, root, columns, scale, alignments, people, problems)
        rows = self._kept(table)
        if refuses:
            check_scale(rows, columns, scale)
        utterances = reading.utterances(rows)
        if options.alignments:
            check_match(options.alignments, alignments.files, reading.ids, alignments.table)
        for place, holds, is_named in (
            (words, alignments.aligned, options.words != usual_words),
            (raters, people, options.raters != usual_raters),
        ):
            if place and is_named:
                check_match(place, holds, reading.ids)
        name = root.stem if root.stem != "manifest" else root.resolve().parent.name
        facts = {"table": root.name, "columns": ", ".join(f"{field}={c}" for field, c in columns.items() if c)}
        facts |= {"where": ", ".join(f"{c}={value}" for c, value in options.where.items())}
        facts |= alignments.facts(sum(u.alignment is not None for u in utterances), len(utterances))
        facts |= {"raters": raters.name if raters else ""}
        return CorpusReading(name, utterances, scale, {key: fact for key, fact in facts.items() if fact}, problems)

    def _scale(self, table: Table, columns: Columns, rated_by_people: bool) -> RatingScale:
        rated = [columns[attribute] for attribute in ATTRIBUTES if columns[attribute]]
        if self.options.scale is not None:
            scale = RatingScale(*self.options.scale)
            if not rated and not rated_by_people:
                raise table.missing("valence", "Name the ratings with --column valence=NAME, or leave out --scale.")
            return scale
        if rated or rated_by_people:
            raise InputError(
                f"{table.path}: ratings ({', '.join(filter(None, rated)) or self.options.raters}) on an unknown scale. "
                "Name its ends, e.g. --scale 1..5."
            )
        return RatingScale(0, 1)  # nothing is rated: the unit scale, which says nothing

    def _kept(self, table: Table) -> list[Row]:
        wanted = {}
        for name, value in self.options.where.items():
            column = table.column(name)
            if column is None:
                raise table.missing(name, "Name the right one with --where COLUMN=VALUE.")
            wanted[column] = value
            if value not in (found := {row.text(column): None for row in table.rows}):
                some = ", ".join(str(one) for one in list(found)[:10])
                raise InputError(f"{table.path}: no row with {column}={value} (found: {some}). Correct --where.")
        return [row for row in table.rows if all(row.text(c) == value for c, value in wanted.items())]


class _Reading:
    """One table on its way to utterances; what is wrong with a row goes to `problems`."""

    def __init__(
        self,
        options: CsvTable.Options,
        root: Path,
        columns: Columns,
        scale: RatingScale,
        alignments: Alignments,
        by_people: Mapping[str, tuple[RaterRating, ...]],
        problems: list[str],
    ) -> None:
        self.options, self.root, self.columns, self.scale, self.problems = options, root, columns, scale, problems
        self.alignments, self.by_people = alignments, by_people
        self.segmented: frozenset[Path] = frozenset()
        self.ids: dict[str, None] = {}  # of all rows, also of those that cannot be used

    def utterances(self, rows: Sequence[Row]) -> list[Utterance]:
        if self.columns["id"] is None:
            times = Counter(self._audio_of(row) for row in rows)
            self.segmented = frozenset(path for path, n in times.items() if path and n > 1)
        taken: dict[str, Utterance] = {}
        places: dict[str, str] = {}
        for row in rows:
            try:
                utterance = self._utterance(row)
                if utterance.id in taken:
                    raise InputError(
                        f"{row.place}: id '{utterance.id}' stands there twice (first: {places[utterance.id]}). "
                        "Give each row its own id."
                    )
                taken[utterance.id], places[utterance.id] = utterance, row.place
            except InputError as error:
                self.problems.append(str(error))
        return list(taken.values())

    def _utterance(self, row: Row) -> Utterance:
        audio = self._audio(row)
        start_s, end_s = self._times(row)
        utterance_id = row.text(self.columns["id"]) if self.columns["id"] or audio is None else audio.stem
        if utterance_id is None:
            raise InputError(f"{row.place}: {self.columns['id']} is empty, expected an id. Complete the row.")
        if audio in self.segmented and (start_s, end_s) != (None, None):
            utterance_id += f"_{start_s or 0:.3f}-{'end' if end_s is None else format(end_s, '.3f')}"
        self.ids[utterance_id] = None
        people = self.by_people.get(utterance_id)
        gender = (row.name(self.columns["gender"]) or "").lower()
        return Utterance(
            id=utterance_id,
            audio=audio,
            start_s=start_s,
            end_s=end_s,
            gender=GENDERS.get(gender, gender) or None,
            alignment=self._alignment(row, utterance_id),
            split=split_name(row.text(self.columns["split"])),
            ratings=self._ratings(row, people),
            rater_ratings=people,
            speaker=row.name(self.columns["speaker"]),
            language=row.name(self.columns["language"]),
            transcript=row.text(self.columns["transcript"]),
            transcript_by=row.text(self.columns["transcript_by"]),
            session=row.name(self.columns["session"]),
            category=row.name(self.columns["category"]),
        )

    def _times(self, row: Row) -> tuple[float | None, float | None]:
        """Start and end of its segment."""
        start_s, end_s = row.seconds(self.columns["start_s"]), row.seconds(self.columns["end_s"])
        if self.columns["start_s"] and not self.columns["end_s"]:
            duration_s = row.seconds(self.columns["duration_s"])
            end_s = None if duration_s is None else (start_s or 0) + duration_s
        return start_s, end_s

    def _audio(self, row: Row) -> Path | None:
        if self.options.text_only:
            return None
        audio = self._audio_of(row)
        if audio is None:
            raise InputError(f"{row.place}: {self.columns['audio']} is empty, expected a path. Complete the row.")
        return audio

    def _audio_of(self, row: Row) -> Path | None:
        audio = row.text(self.columns["audio"])
        folder = (self.options.audio_root or self.root.parent).absolute()
        return None if audio is None else folder / f"{audio}{self.options.audio_suffix}"

    def _alignment(self, row: Row, utterance_id: str) -> Path | None:
        """The row's own file, else the one named after the id, else the table of words."""
        if named := row.text(self.columns["alignment"]):
            path = self.root.parent / named
            if not path.is_file():
                raise InputError(f"{row.place}: no alignment file {path}. Correct the row, or leave the cell empty.")
            return path
        try:
            found: Path | None = self.alignments.of(utterance_id)
        except InputError as error:
            raise InputError(f"{row.place}: {error}") from error
        return found

    def _ratings(self, row: Row, people: Sequence[RaterRating] | None) -> Mapping[str, float] | None:
        if any(self.columns[attribute] for attribute in ATTRIBUTES):
            return row.ratings(self.columns, self.scale) or None
        given = {name: [one.ratings[name] for one in people or () if name in one.ratings] for name in ATTRIBUTES}
        return {name: sum(values) / len(values) for name, values in given.items() if values} or None
