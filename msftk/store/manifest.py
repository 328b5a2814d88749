"""The manifest: one Parquet table of a corpus, a row an utterance, with scale and facts in its metadata."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msftk.errors import InputError, UnknownNameError, VersionError, did_you_mean
from msftk.types import ATTRIBUTES, RaterRating, RatingScale, Utterance

if TYPE_CHECKING:
    import pyarrow

FORMAT_VERSION = 1
METADATA_KEY = b"msftk"
TEXTS = ("id", "audio", "speaker", "gender", "language", "transcript", "alignment", "split", "session", "category")
NUMBERS = ("start_s", "end_s", *ATTRIBUTES, "duration_s")
OPTIONAL = ("channel",)  # columns that manifests of earlier releases lack
REMEDY = "Make the manifest again with msftk prepare."
_SPLITS = {"training": "train", "development": "dev", "validation": "dev", "valid": "dev", "val": "dev"}


@dataclass(frozen=True, slots=True)
class AudioStamp:
    """Size and time of an audio file when it was hashed: while both stay the same, so does the hash."""

    n_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> AudioStamp:
        facts = path.stat()
        return cls(facts.st_size, facts.st_mtime_ns)


@dataclass(frozen=True)
class Manifest:
    """The utterances of a corpus and the scale of their ratings.

    `facts` tells what was found (folders, spellings, counts); every report repeats facts["ratings"] where there is one,
    e.g. "planted on synthetic speech". `stamps`: utterance id -> `AudioStamp` of its audio when it was hashed.
    """

    corpus: str
    scale: RatingScale
    utterances: tuple[Utterance, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, AudioStamp] = field(default_factory=dict)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits: train, dev, test..., then the others by name."""
        order = {"train": 0, "dev": 1}
        names = {utterance.split for utterance in self.utterances if utterance.split is not None}
        return tuple(sorted(names, key=lambda name: (order.get(name, 2 if name.startswith("test") else 3), name)))

    def split(self, name: str) -> list[Utterance]:
        """Utterances of one split, in manifest order. Raises UnknownNameError if there is none."""
        chosen = [utterance for utterance in self.utterances if utterance.split == name]
        if not chosen:
            found = ", ".join(self.splits) or "none"
            raise UnknownNameError(
                f"no utterance in split '{name}'. {did_you_mean(name, self.splits)}Splits in this manifest: {found}."
            )
        return chosen


def split_name(text: str | None) -> str | None:
    """A corpus' name for a split -> train, dev, test, test1...; any other name in lower case."""
    name = (text or "").strip().lower()
    return _SPLITS.get(name, name) or None


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Writes the manifest so that `path` holds the old table or the whole new one, never a part. Makes its folder.

    Raises:
        InputError: a duplicate id, a rating outside the scale, or a place that cannot be written.
    """
    import pyarrow.parquet

    _check(manifest, str(path))
    table = pyarrow.Table.from_pylist([_row(u, manifest.stamps.get(u.id)) for u in manifest.utterances], _schema())
    about = {
        "format_version": FORMAT_VERSION,
        "corpus": manifest.corpus,
        "scale": [manifest.scale.low, manifest.scale.high],
        "facts": dict(manifest.facts),
    }
    table = table.replace_schema_metadata({METADATA_KEY: json.dumps(about, ensure_ascii=False).encode()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                pyarrow.parquet.write_table(table, file)
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, 0o644)  # a temporary file is for its owner only
                os.replace(file.name, path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}). Choose another place with --out.") from error


def read_manifest(path: Path) -> Manifest:
    """Reads and checks a manifest.

    Raises:
        InputError: missing or not Parquet, a missing column, text in a number, a rating outside the scale, an id twice.
        VersionError: a Parquet table that is no manifest, or one of another format version.
    """
    import pyarrow
    import pyarrow.parquet

    if not path.is_file():
        raise InputError(f"{path}: no such manifest. Make it with msftk prepare CORPUS ROOT --out {path}.")
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"{path}: not a Parquet table ({reason}). {REMEDY}") from error
    about = _about(path, table)
    columns = _columns(path, table)
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    manifest = Manifest(
        about["corpus"],
        RatingScale(*about["scale"]),
        tuple(_utterance(row) for row in rows),
        about["facts"],
        {r["id"]: AudioStamp(r["audio_bytes"], r["audio_mtime_ns"]) for r in rows if r["audio_bytes"] is not None},
    )
    _check(manifest, str(path))
    return manifest


def _schema() -> pyarrow.Schema:
    import pyarrow as pa

    rating = pa.struct([("rater", pa.string()), *((name, pa.float64()) for name in ATTRIBUTES)])
    return pa.schema(
        [
            *((name, pa.string()) for name in TEXTS),
            *((name, pa.float64()) for name in NUMBERS),
            ("rater_ratings", pa.list_(rating)),
            ("audio_sha256", pa.string()),
            ("channel", pa.int64()),
            ("audio_bytes", pa.int64()),
            ("audio_mtime_ns", pa.int64()),
        ]
    )


def _about(path: Path, table: pyarrow.Table) -> dict[str, Any]:
    """The metadata, once the format version is known to be ours."""
    raw = (table.schema.metadata or {}).get(METADATA_KEY)
    if raw is None:
        raise VersionError(f"{path}: a Parquet table, but not a manifest of msftk (no metadata 'msftk'). {REMEDY}")
    about: dict[str, Any] = json.loads(raw)
    if about.get("format_version") != FORMAT_VERSION:
        raise VersionError(
            f"{path}: manifest format {about.get('format_version')}, this msftk reads format {FORMAT_VERSION}. {REMEDY}"
        )
    return about


def _columns(path: Path, table: pyarrow.Table) -> dict[str, Sequence[Any]]:
    """Every column of the schema as Python values, numbers as numbers."""
    columns = {}
    for wanted in _schema():
        if wanted.name not in table.column_names and wanted.name in OPTIONAL:
            columns[wanted.name] = [None] * table.num_rows
            continue
        if wanted.name not in table.column_names:
            raise InputError(
                f"{path}: no column '{wanted.name}' (found: {', '.join(table.column_names) or 'none'}). {REMEDY}"
            )
        values = table[wanted.name].to_pylist()
        if wanted.name == "id" and None in values:
            raise InputError(f"{path}: row {values.index(None) + 1}: no {wanted.name}. {REMEDY}")
        columns[wanted.name] = _numbers(path, wanted.name, values) if wanted.name in NUMBERS else values
    return columns


def _numbers(path: Path, name: str, values: Sequence[Any]) -> list[float | None]:
    numbers = []
    for row, value in enumerate(values, start=1):
        try:
            number = None if value is None else float(value)
        except (TypeError, ValueError):
            raise InputError(f"{path}: row {row}: {name} is {value!r}, expected a number or null. {REMEDY}") from None
        numbers.append(None if number is None or math.isnan(number) else number)  # pandas writes null as NaN
    return numbers


def _row(utterance: Utterance, stamp: AudioStamp | None) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(utterance, name) for name in (*TEXTS, "start_s", "end_s", "duration_s")}
    row["audio"] = None if utterance.audio is None else str(utterance.audio)
    row["alignment"] = None if utterance.alignment is None else str(utterance.alignment)
    row |= {"audio_sha256": utterance.audio_sha256, "channel": utterance.channel}
    row.update({name: (utterance.ratings or {}).get(name) for name in ATTRIBUTES})
    if utterance.rater_ratings is not None:
        row["rater_ratings"] = [{"rater": one.rater, **one.ratings} for one in utterance.rater_ratings]
    if stamp is not None:
        row |= {"audio_bytes": stamp.n_bytes, "audio_mtime_ns": stamp.mtime_ns}
    return row


def _utterance(row: Mapping[str, Any]) -> Utterance:
    raters = row["rater_ratings"]
    values = {name: row[name] for name in (*TEXTS, "start_s", "end_s", "duration_s", "audio_sha256", "channel")}
    values["audio"] = None if row["audio"] is None else Path(row["audio"])
    values["alignment"] = None if row["alignment"] is None else Path(row["alignment"])
    return Utterance(
        **values,
        ratings=_present(row) or None,
        rater_ratings=None if raters is None else tuple(RaterRating(one["rater"], _present(one)) for one in raters),
    )


def _present(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name in ATTRIBUTES if (value := values[name]) is not None}


def _check(manifest: Manifest, place: str) -> None:
    """What holds for every manifest, read or to be written: ids are single, ratings are on the scale."""
    seen: set[str] = set()
    for utterance in manifest.utterances:
        if utterance.id in seen:
            raise InputError(f"{place}: utterance '{utterance.id}' stands there twice. Give each its own id.")
        seen.add(utterance.id)
        check_ratings(utterance.ratings or {}, manifest.scale, lambda u=utterance: f"{place}: utterance '{u.id}'")  # type: ignore[misc]
        for one in utterance.rater_ratings or ():
            check_ratings(
                one.ratings,
                manifest.scale,
                lambda u=utterance, rater=one.rater: f"{place}: utterance '{u.id}', rater '{rater}'",  # type: ignore[misc]
            )


def check_ratings(ratings: Mapping[str, float], scale: RatingScale, place: Callable[[], str]) -> None:
    """Raises InputError, beginning with `place()`, for the first rating that is not on the scale."""
    for name, value in ratings.items():
        if not scale.low <= value <= scale.high:
            raise InputError(
                f"{place()}: {name} is {value:g}, outside the rating scale {scale.low:g} to {scale.high:g}. "
                "Correct the rating, or name the right scale and prepare again."
            )
