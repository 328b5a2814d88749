"""The feature store: arrays under the hash of what was read, in one shelf a producer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from msftk.errors import InputError, VersionError
from msftk.files import is_full, unwritable, write_whole, writing
from msftk.store.keys import FORMAT_VERSION, producer_hash
from msftk.store.records import RecordLog
from msftk.store.shelf import FLUSH_ITEMS, Shelf
from msftk.store.uses import Uses, hold

MARK, PRODUCER = "store.json", "producer.json"  # of a store, and of each folder in it
LAYOUT_VERSION = 1  # of a store's folder; what lies in its shelves has a version of its own, in their names


def default_store_path(given: str | Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Where the store is: `given` (--store), else MSFTK_STORE, else the user's cache folder."""
    environment = os.environ if environment is None else environment
    if given is not None:
        return Path(given)
    if place := environment.get("MSFTK_STORE"):
        return Path(place)
    if cache := environment.get("XDG_CACHE_HOME") or environment.get("LOCALAPPDATA"):
        return Path(cache) / "msftk" / "store"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "msftk" / "store"


class Store:
    """A folder of shelves, one a producer: `<root>/<producer hash>/`. As long as it is open nothing is cleared away.

    Raises VersionError where another format version wrote it, InputError where it cannot be a folder, MsftkError while
    it is being cleared.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._users: tuple[Path, ...] = ()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            _claim(self.root / MARK, LAYOUT_VERSION, {"format": "msftk store"})
            self._in_use = hold(self.root / MARK, alone=False)
            self._uses = Uses(self.root)
        except OSError as error:
            if is_full(error):
                raise unwritable(self.root, error) from error
            raise InputError(
                f"{self.root}: cannot be used as a feature store ({error.strerror}). "
                "Name a folder that you may write by --store or MSFTK_STORE."
            ) from error

    def shelf(self, producer: Mapping[str, object], flush_items: int = FLUSH_ITEMS) -> Shelf:
        """Arrays that this producer made, or will make."""
        return Shelf(self._folder(producer), flush_items)

    def records(self, producer: Mapping[str, object], flush_items: int = FLUSH_ITEMS) -> RecordLog:
        """Texts and descriptions that this producer made; flush_items = 1 where a row is dear (audio-LLMs)."""
        return RecordLog(self._folder(producer) / "records.jsonl", flush_items)

    def serve(self, *users: str | Path) -> None:
        """From now on what is asked for is in use by these manifests or runs, as long as they are there."""
        self._users = tuple(Path(user).absolute() for user in users)

    def _folder(self, producer: Mapping[str, object]) -> Path:
        folder = self.root / producer_hash(producer)
        with writing(self.root, "--store"):
            folder.mkdir(exist_ok=True)
            _claim(folder / PRODUCER, FORMAT_VERSION, producer)
            for user in self._users:
                self._uses.add(folder.name, user)
        return folder


def _claim(file: Path, version: int, content: Mapping[str, object]) -> None:
    """Writes `content` with the version, or checks the version that stands there."""
    if not file.exists():
        text = json.dumps({"format_version": version, **content}, indent=2, ensure_ascii=False, default=str)
        write_whole(file, text)
        return
    try:
        found = json.loads(file.read_bytes()).get("format_version")
    except (ValueError, AttributeError):
        found = None
    if found != version:
        raise VersionError(
            f"{file}: store format version {found!r}, this msftk reads version {version}. "
            "Name another folder by --store or MSFTK_STORE, or remove this one: what it held is made again."
        )
