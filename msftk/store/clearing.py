"""Makes room in a store: producers that nobody uses go, and what is spoiled, torn or superseded in the others."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msftk.files import sync_folder
from msftk.store.features import MARK
from msftk.store.inventory import Holding, holdings, opened
from msftk.store.records import RecordLog
from msftk.store.shelf import Shelf
from msftk.store.uses import hold

GOING = ".going-"  # how the name begins of a folder that is on its way out
DEAD_SHARE = 0.1


@dataclass(frozen=True)
class Clearance:
    """What may go: `unused` producers, and in folders that stay the bytes that lead nowhere (`dead`)."""

    unused: Sequence[Holding]
    dead: Mapping[Path, int]

    @property
    def n_bytes(self) -> int:
        return sum(holding.n_bytes for holding in self.unused) + sum(self.dead.values())


def clearance(root: Path) -> Clearance:
    """What `clear` would remove now. A folder is written anew where a row is spoiled, or a tenth of it is dead."""
    unused, dead = [], {}
    for holding in holdings(root):
        if not holding.users:
            unused.append(holding)
        if not holding.users or not holding.is_ours:
            continue
        kept = opened(holding.folder)
        n_bytes = sum(one.n_dead_bytes for one in kept)
        if n_bytes > DEAD_SHARE * holding.n_bytes or any(one.n_spoiled for one in kept):
            dead[holding.folder] = n_bytes
    return Clearance(unused, dead)


def clear(root: Path) -> Clearance:
    """Removes it. A kill in between leaves a store that can be read, and the rest to the next time.

    Raises MsftkError where a job has the store open.
    """
    with hold(root / MARK, alone=True):
        for left in root.glob(f"{GOING}*"):
            shutil.rmtree(left)
        found = clearance(root)
        for holding in found.unused:
            shutil.rmtree(holding.folder.rename(_going(root)))
        for folder in found.dead:
            compact(folder)
    return found


def compact(folder: Path) -> None:
    """Of a producer's folder: writes anew what keys lead to, and nothing else; nobody else may have the folder open."""
    new = _going(folder.parent)
    new.mkdir()
    old, log = opened(folder)
    shards = list(folder.glob("*.shard"))
    with Shelf(new) as shelf, RecordLog(new / log.path.name) as rows:
        for key in old.keys():  # noqa: SIM118, no mapping
            if (arrays := old.get(key)) is not None:
                shelf.put(key, arrays)
        for key in log.keys():  # noqa: SIM118
            rows.put(key, log.get(key) or {})
    for kind in ("*.shard", "*.jsonl"):  # an index after what it leads to
        for file in new.glob(kind):
            file.replace(folder / file.name)
        sync_folder(folder)
    for shard in shards:
        shard.unlink()
    new.rmdir()


def _going(root: Path) -> Path:
    """A folder that the next `clear` removes, should this one not come to it."""
    return root / f"{GOING}{secrets.token_hex(8)}"
