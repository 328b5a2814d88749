"""Who uses a store: jobs that have it open, and the manifests and runs that each producer worked for."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import BinaryIO

from msftk.errors import MsftkError
from msftk.store.lines import Lines

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class Uses:
    """Manifests and runs by producer; told in `uses.jsonl`, to which every process appends."""

    def __init__(self, root: Path) -> None:
        self._lines = Lines(root / "uses.jsonl")
        self._lock = threading.Lock()
        self._users: dict[str, dict[str, None]] = {}

    def add(self, producer: str, user: Path) -> None:
        """`producer` is used by the manifest or run at `user`. A store that may not be written learns nothing."""
        with self._lock:
            self._look()
            if str(user) in self._users.get(producer, ()):
                return
            try:
                self._lines.append({"producer": producer, "user": str(user)})
            except OSError as error:
                if error.errno not in READ_ONLY:
                    raise
            self._users.setdefault(producer, {})[str(user)] = None

    def of(self, producer: str) -> list[Path]:
        """Its users that are still there, in the order in which they came."""
        with self._lock:
            self._look()
            return [path for user in self._users.get(producer, ()) if (path := Path(user)).exists()]

    def _look(self) -> None:
        for row in self._lines.new_rows():
            self._users.setdefault(row["producer"], {})[row["user"]] = None


def hold(file: Path, *, alone: bool) -> BinaryIO:
    """Holds the store whose mark is `file` until what is returned is closed: with others, or alone to clear it away.

    Where the file system knows no locks nobody holds anything.

    Raises:
        MsftkError: somebody holds it in the other way.
    """
    import fcntl

    opened = open(file, "rb")  # noqa: SIM115, open as long as it is held
    try:
        fcntl.flock(opened, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        opened.close()
        what = "other jobs have it open" if alone else "it is being cleared (msftk store gc)"
        raise MsftkError(f"{file.parent}: {what}. Wait for that to end, and give the same command again.") from None
    except OSError:  # no locks here
        pass
    return opened
