"""What lies in a store: each producer's folder, how much it holds, for whom, and whether all of it can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msftk.errors import InputError
from msftk.store.features import MARK, PRODUCER
from msftk.store.keys import FORMAT_VERSION, producer_hash
from msftk.store.records import RecordLog
from msftk.store.shelf import Shelf
from msftk.store.uses import Uses


@dataclass(frozen=True)
class Holding:
    """A producer's folder: what made it (empty where that cannot be read), entries, bytes on disk, and its users."""

    folder: Path
    producer: Mapping[str, Any]
    is_ours: bool  # of the format that this version reads
    n_entries: int
    n_bytes: int
    users: tuple[Path, ...]

    @property
    def what(self) -> str:
        """Its kind and plugin, or why it is not read."""
        if not self.is_ours:
            return f"of format version {self.producer['format_version']}" if self.producer else "unreadable"
        return " ".join(str(self.producer[name]) for name in ("kind", "plugin", "granularity") if name in self.producer)

    def json(self) -> dict[str, Any]:
        """In plain values."""
        whose = {"producer": self.folder.name, "what": self.what, "users": [str(user) for user in self.users]}
        return {**whose, "entries": self.n_entries, "bytes": self.n_bytes}


@dataclass(frozen=True)
class Verdict:
    """What reading all of a folder came to: `spoiled` entries and rows do not fit their checksums."""

    holding: Holding
    n_read: int
    spoiled: int


def check_store(root: Path) -> None:
    """Raises InputError where there is no store at `root`."""
    if not (root / MARK).is_file():
        raise InputError(f"{root}: no feature store there. Name one by --store or MSFTK_STORE.")


def holdings(root: Path) -> Iterator[Holding]:
    """Every producer's folder, the largest first."""
    uses = Uses(root)
    folders = [folder for folder in root.iterdir() if (folder / PRODUCER).is_file()]
    sizes = {folder: sum(file.stat().st_size for file in folder.iterdir()) for folder in folders}
    for folder in sorted(folders, key=lambda one: (-sizes[one], one.name)):
        producer = _producer(folder)
        is_ours = producer.get("format_version") == FORMAT_VERSION
        n_entries = sum(len(kept) for kept in opened(folder)) if is_ours else 0
        yield Holding(folder, producer, is_ours, n_entries, sizes[folder], tuple(uses.of(folder.name)))


def verify(holding: Holding) -> Verdict:
    """Reads every entry of a folder of this format version."""
    spoiled = n_read = 0
    if not holding.is_ours:
        return Verdict(holding, 0, int(not holding.producer))
    for kept in opened(holding.folder):
        for key in kept.keys():  # noqa: SIM118, no mappings
            found = key in kept
            n_read += found
            spoiled += not found
        spoiled += kept.n_spoiled
    given = {name: value for name, value in holding.producer.items() if name != "format_version"}
    spoiled += producer_hash(given) != holding.folder.name
    return Verdict(holding, n_read, spoiled)


def _producer(folder: Path) -> Mapping[str, Any]:
    try:
        told = json.loads((folder / PRODUCER).read_bytes())
        return told if isinstance(told, dict) and "format_version" in told else {}
    except (OSError, ValueError):
        return {}


def opened(folder: Path) -> tuple[Shelf, RecordLog]:
    """What a producer's folder keeps: it has the one or the other, as a rule."""
    return Shelf(folder), RecordLog(folder / "records.jsonl")
