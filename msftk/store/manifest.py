"""The manifest: the utterances of a corpus with the scale of their ratings, as one Parquet table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msftk.errors import InputError, UnknownNameError, VersionError, did_you_mean
from msftk.files import json_text, whole_file, writing
from msftk.store.checks import cast, check_table, column_of
from msftk.store.columns import chosen, plain_values, schema, values_of
from msftk.store.utterance_table import UtteranceTable
from msftk.types import RatingScale, Utterance

if TYPE_CHECKING:
    import pyarrow

FORMAT_VERSION = 1
METADATA_KEY = b"msftk"
OPTIONAL = ("channel", "transcript_by")  # columns that manifests of earlier releases lack
REMEDY = "Make the manifest again with msftk prepare."
ADAPTER = "Correct the utterance, or the corpus adapter that gives it."
_SPLITS = {"training": "train", "development": "dev", "validation": "dev", "valid": "dev", "val": "dev"}


@dataclass(frozen=True)
class Manifest:
    """The utterances of a corpus and the scale of their ratings.

    `facts` tells what was found (folders, spellings, counts); every report repeats facts["ratings"] where there is one,
    e.g. "planted on synthetic speech".
    """

    corpus: str
    scale: RatingScale
    utterances: Sequence[Utterance]
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits: train, dev, test..., then the others by name."""
        order = {"train": 0, "dev": 1}
        names = set(values_of(self.utterances, "split")) - {None}
        return tuple(sorted(names, key=lambda name: (order.get(name, 2 if name.startswith("test") else 3), name)))

    def split(self, name: str) -> Sequence[Utterance]:
        """Utterances of one split, in manifest order. Raises UnknownNameError if there is none."""
        members = chosen(self.utterances, [split == name for split in values_of(self.utterances, "split")])
        if not members:
            found = ", ".join(self.splits) or "none"
            raise UnknownNameError(
                f"no utterance in split '{name}'. {did_you_mean(name, self.splits)}Splits in this manifest: {found}."
            )
        return members

    def shard(self, which: str | None) -> Manifest:
        """Every n-th utterance from the i-th on, for `which` "i/n" counted from 1: n jobs do each once. None: all.

        Raises InputError for another text.
        """
        if which is None:
            return self
        number, _, n = which.partition("/")
        if not (number.isdecimal() and n.isdecimal() and 1 <= int(number) <= int(n)):
            raise InputError(f"--shard {which}: expected I/N, the I-th of N parts of the corpus, from 1/N to N/N.")
        mine = [row % int(n) == int(number) - 1 for row in range(len(self.utterances))]
        return replace(self, utterances=chosen(self.utterances, mine))


def split_name(text: str | None) -> str | None:
    """A corpus' name for a split -> train, dev, test, test1...; any other name in lower case."""
    name = (text or "").strip().lower()
    return _SPLITS.get(name, name) or None


def write_manifest(manifest: Manifest, path: str | Path) -> None:
    """Writes the manifest so that `path` holds the old table or the whole new one, never a part. Makes its folder.

    Raises:
        InputError: a duplicate id, a rating outside the scale, a value of another type, or a place that cannot be
            written.
    """
    import pyarrow.parquet

    path = Path(path)
    table = _table(manifest.utterances, str(path))
    check_table(table, manifest.scale, str(path), ADAPTER)
    about = {
        "format_version": FORMAT_VERSION,
        "corpus": manifest.corpus,
        "scale": [manifest.scale.low, manifest.scale.high],
        "facts": dict(manifest.facts),
    }
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            pyarrow.parquet.write_table(table.replace_schema_metadata({METADATA_KEY: json_text(about)}), file)
    pyarrow.default_memory_pool().release_unused()


def read_manifest(path: str | Path) -> Manifest:
    """Reads and checks a manifest; its utterances become objects when they are looked at.

    Raises:
        InputError: missing or not Parquet, a missing column, text in a number, a rating outside the scale, an id twice.
        VersionError: a Parquet table that is no manifest, or one of another format version.
    """
    import pyarrow.parquet

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such manifest. Make it with msftk prepare CORPUS ROOT --out {path}.")
    with _refused(path):
        file = pyarrow.parquet.ParquetFile(path)
    corpus, scale, facts = _about(path, file.schema_arrow)
    columns = [_column(path, file, wanted) for wanted in schema()]
    with _refused(path):  # columns of other lengths
        table = pyarrow.table(columns, schema=schema())
    check_table(table, scale, str(path), REMEDY)
    pyarrow.default_memory_pool().release_unused()  # the columns as they were before they were cast
    return Manifest(corpus, scale, UtteranceTable(table), facts)


def _table(utterances: Sequence[Utterance], place: str) -> pyarrow.Table:
    import pyarrow as pa

    if isinstance(utterances, UtteranceTable):
        return utterances.table
    columns = [column_of(plain_values(utterances, wanted.name), wanted, place, ADAPTER) for wanted in schema()]
    return pa.table(columns, schema=schema())


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Raises InputError where what is read is no Parquet table, or torn."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"{path}: not a Parquet table ({reason}). {REMEDY}") from error


def _about(path: Path, found: pyarrow.Schema) -> tuple[str, RatingScale, dict[str, str]]:
    """Corpus, scale and facts out of the metadata, once the format version is known to be ours."""
    raw = (found.metadata or {}).get(METADATA_KEY)
    if raw is None:
        raise VersionError(f"{path}: a Parquet table, but not a manifest of msftk (no metadata 'msftk'). {REMEDY}")
    try:
        about = json.loads(raw)
        version = about["format_version"]
        if version == FORMAT_VERSION:
            low, high = map(float, about["scale"])
            return str(about["corpus"]), RatingScale(low, high), {str(k): str(v) for k, v in about["facts"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path}: its metadata is not a manifest's ({type(error).__name__}: {error}). {REMEDY}"
        ) from error
    raise VersionError(f"{path}: manifest format {version}, this msftk reads format {FORMAT_VERSION}. {REMEDY}")


def _column(path: Path, file: pyarrow.parquet.ParquetFile, wanted: pyarrow.Field) -> Any:
    """A column of the schema, with its type and in one piece; read alone: one is in memory twice, not all of them."""
    import pyarrow as pa

    names = file.schema_arrow.names
    if wanted.name not in names and wanted.name in OPTIONAL:
        return pa.nulls(file.metadata.num_rows, wanted.type)
    if wanted.name not in names:
        raise InputError(f"{path}: no column '{wanted.name}' (found: {', '.join(names) or 'none'}). {REMEDY}")
    if names.count(wanted.name) > 1:
        raise InputError(f"{path}: column '{wanted.name}' stands there twice. {REMEDY}")
    with _refused(path):
        column = file.read([wanted.name])[wanted.name]
        column.validate(full=True)  # text that is not UTF-8
    return cast(column, wanted, str(path), REMEDY).combine_chunks()
