"""The feature store as a whole: what lies there, whether it can be read, and what may go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msftk.progress import Progress, ProgressCallback, silent
from msftk.store.clearing import Clearance, clear, clearance
from msftk.store.features import Store, default_store_path
from msftk.store.inventory import Holding, Verdict, check_store, holdings, verify


def list_store(store: str | Path | None = None) -> tuple[Path, Sequence[Holding]]:
    """Where the store is, and what each producer keeps there, the largest first.

    Raises InputError where there is none, VersionError where another version of msftk wrote it.
    """
    root = default_store_path(store)
    check_store(root)
    Store(root)
    return root, list(holdings(root))


def verify_store(store: str | Path | None = None, progress: ProgressCallback = silent) -> list[Verdict]:
    """Reads every entry, and tells of each producer how many do not fit their checksums. Raises as `list_store`."""
    root, found = list_store(store)
    kept_open, verdicts = Store(root), []
    for done, holding in enumerate(found, 1):
        verdicts.append(verify(holding))
        progress(Progress("verify, producers", done, len(found)))
    del kept_open
    return verdicts


def clear_store(store: str | Path | None = None, *, remove: bool = False) -> Clearance:
    """What may go; with `remove` it is gone. Raises as `list_store`, and MsftkError where a job has the store open."""
    root, _ = list_store(store)
    return clear(root) if remove else clearance(root)
