"""The feature store: arrays under the hash of what was read, in one shelf a producer."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from msftk.errors import InputError, VersionError
from msftk.files import write_whole
from msftk.store.keys import FORMAT_VERSION, producer_hash
from msftk.store.lines import append_lines, read_lines
from msftk.store.records import RecordLog

FLUSH_ITEMS = 32  # what a power cut can cost
OPEN_SHARDS = 64

Arrays = dict[str, NDArray[Any]]


def default_store_path(given: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Where the store is: `given` (--store), else MSFTK_STORE, else the user's cache folder."""
    environment = os.environ if environment is None else environment
    if given is not None:
        return given
    if place := environment.get("MSFTK_STORE"):
        return Path(place)
    if cache := environment.get("XDG_CACHE_HOME") or environment.get("LOCALAPPDATA"):
        return Path(cache) / "msftk" / "store"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "msftk" / "store"


class Store:
    """A folder of shelves, one a producer: `<root>/<producer hash>/`.

    Raises VersionError where another format version wrote it, InputError where it cannot be a folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            _claim(self.root / "store.json", {"format": "msftk store"})
        except OSError as error:
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

    def _folder(self, producer: Mapping[str, object]) -> Path:
        folder = self.root / producer_hash(producer)
        folder.mkdir(exist_ok=True)
        _claim(folder / "producer.json", dict(producer))
        return folder


class Shelf:
    """Arrays of one producer, by content key; threads may share it, processes may write beside it.

    Puts are gathered and written `flush_items` at a time; `flush()` or the end of a `with` block writes the rest.
    """

    def __init__(self, folder: Path, flush_items: int = FLUSH_ITEMS) -> None:
        self.folder = folder
        self.flush_items = flush_items
        self._index = folder / "index.jsonl"
        self._waiting: dict[str, Arrays] = {}
        self._open: OrderedDict[str, tuple[Any, dict[str, list[str]]]] = OrderedDict()
        self._lock = threading.RLock()
        self._shards = _whole_shards(folder, self._index)

    def __contains__(self, key: str) -> bool:
        return key in self._waiting or key in self._shards

    def __len__(self) -> int:
        return len(self._shards.keys() | self._waiting.keys())

    def keys(self) -> list[str]:
        with self._lock:
            return [*self._shards, *(key for key in self._waiting if key not in self._shards)]

    def get(self, key: str) -> Arrays | None:
        """The arrays put under `key` by name, or None. A shard that cannot be read counts as never written."""
        with self._lock:
            if key in self._waiting:
                return dict(self._waiting[key])
            shard = self._shards.get(key)
            if shard is None:
                return None
            try:
                handle, names = self._handle(shard)
                return {name: handle.get_tensor(f"{key}/{name}") for name in names[key]}
            except (OSError, SafetensorError, KeyError):
                self._open.pop(shard, None)
                self._shards = {known: place for known, place in self._shards.items() if place != shard}
                return None

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Files copies of `arrays` (any names without "/", at least one) under `key`; the last put of a key counts."""
        with self._lock:
            self._waiting[key] = {name: np.array(array, order="C") for name, array in arrays.items()}
            if len(self._waiting) >= self.flush_items:
                self.flush()

    def flush(self) -> None:
        """Writes what waits: first the shard, then its rows in the index: no row names a shard that is not there."""
        with self._lock:
            if not self._waiting:
                return
            tensors = {
                f"{key}/{name}": array for key, arrays in self._waiting.items() for name, array in arrays.items()
            }
            shard = f"shard-{os.getpid()}-{os.urandom(8).hex()}.safetensors"  # no other writer has this name
            content = save(tensors)
            write_whole(self.folder / shard, content)
            append_lines(self._index, [{"key": key, "shard": shard, "bytes": len(content)} for key in self._waiting])
            self._shards.update(dict.fromkeys(self._waiting, shard))
            self._waiting = {}

    def _handle(self, shard: str) -> tuple[Any, dict[str, list[str]]]:
        """The shard, mapped into memory, and which arrays each of its keys has; the last few stay open."""
        if shard not in self._open:
            handle: Any = safe_open(self.folder / shard, framework="numpy")
            names: dict[str, list[str]] = {}
            for tensor in handle.keys():  # noqa: SIM118, a safetensors handle is no mapping
                key, _, name = tensor.partition("/")
                names.setdefault(key, []).append(name)
            self._open[shard] = (handle, names)
            while len(self._open) > OPEN_SHARDS:
                self._open.popitem(last=False)
        self._open.move_to_end(shard)
        return self._open[shard]

    def __enter__(self) -> Shelf:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()


def _whole_shards(folder: Path, index: Path) -> dict[str, str]:
    """key -> shard, for the shards that are there with every byte; the work of the others is done again."""
    sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
    shards: dict[str, str] = {}
    for row in read_lines(index):
        if {"key", "shard", "bytes"} <= row.keys() and sizes.get(row["shard"]) == row["bytes"]:
            shards[row["key"]] = row["shard"]
    return shards


def _claim(file: Path, content: dict[str, object]) -> None:
    """Writes `content` with the format version, or checks the version that stands there."""
    if not file.exists():
        text = json.dumps({"format_version": FORMAT_VERSION, **content}, indent=2, ensure_ascii=False, default=str)
        write_whole(file, text.encode())
        return
    try:
        found = json.loads(file.read_bytes()).get("format_version")
    except (ValueError, AttributeError):
        found = None
    if found != FORMAT_VERSION:
        raise VersionError(
            f"{file}: store format version {found!r}, this msftk reads version {FORMAT_VERSION}. "
            "Use the msftk that wrote it, or name another folder by --store or MSFTK_STORE."
        )
