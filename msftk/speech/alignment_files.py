"""Which alignment files lie beside audio or in a folder: those whose endings the readers claim, in any case."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from msftk.errors import AbsentError, InputError
from msftk.files import files_under, unreadable
from msftk.speech.alignment import claim, read_alignment

TABLES = ("words.csv", "words.ctm")  # of many utterances


def alignments_under(folder: Path) -> Mapping[str, Sequence[Path]]:
    """Alignment files anywhere under a folder, by their names without ending.

    Raises InputError: no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of alignments. Correct its path.")
    return _by_name(files_under(folder))


def the_only(name: str, paths: Sequence[Path]) -> Path | None:
    """The alignment among the files of one name; the parts of one (.wdseg and .phseg) are one.

    Raises InputError where several compete.
    """
    alignments: dict[tuple[Path, str], Path] = {}
    for path in paths:
        if claimed := claim(path.name):
            alignments.setdefault((path.parent, claimed.reader), path)
    if len(alignments) > 1:
        found = ", ".join(map(str, alignments.values()))
        raise InputError(f"several alignments of '{name}': {found}. Keep one of them.")
    return next(iter(alignments.values()), None)


def alignment_beside(audio: Path) -> Path | None:
    """The alignment of a recording: a file of its name beside it, else a table of words there or in the folder above.

    A table that cannot be read is returned too: whoever reads it says why.

    Raises:
        InputError: several files compete, or the folder cannot be listed.
    """
    try:
        beside = _in_folder(audio.parent, os.stat(audio.parent).st_mtime_ns)
    except (OSError, ValueError) as error:
        raise unreadable(audio.parent, error) from error
    if found := the_only(audio.stem, beside.get(audio.stem, ())):
        return found
    tables = [folder / name for folder in (audio.parent, audio.parent.parent) for name in TABLES]
    return next((table for table in tables if table.is_file() and _holds(table, audio.stem)), None)


def _holds(table: Path, utterance_id: str) -> bool:
    try:
        read_alignment(table, utterance_id)
    except AbsentError:
        return False
    except InputError:
        return True
    return True


@lru_cache(maxsize=16)  # a folder of many recordings is listed once
def _in_folder(folder: Path, mtime_ns: int) -> Mapping[str, Sequence[Path]]:
    return _by_name(folder.iterdir())


def _by_name(paths: Iterable[Path]) -> Mapping[str, Sequence[Path]]:
    """Those that a reader claims, sorted; "._*" and other hidden ones are left out."""
    found: dict[str, list[Path]] = {}
    visible = (path for path in paths if not path.name.startswith("."))
    for path, suffix in sorted((path, claimed.suffix) for path in visible if (claimed := claim(path.name))):
        if path.is_file():
            found.setdefault(path.name[: -len(suffix)], []).append(path)
    return found
