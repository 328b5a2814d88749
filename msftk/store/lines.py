"""An append-only file of JSON rows, each with its checksum, that several writers share."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HEAD = b'{"row_crc32": "'  # then eight hexadecimal digits: of the rest of the line, from the quote on
REST_AT = len(HEAD) + 8


class Lines:
    """The rows of one file: `new_rows` tells what anybody has appended, `append` adds a row at once.

    A killed process loses no row that it appended, a power cut none before the last `sync`. A row that is torn or does
    not fit its checksum counts as never written. Callers see to it that one thread at a time is here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = 0  # size of the file when it was last looked at
        self._read_to = 0  # end of the last whole line read
        self.n_read = 0  # rows
        self.n_spoiled = 0  # lines that are torn or do not fit their checksum

    def new_rows(self) -> Iterator[dict[str, Any]]:
        """Rows appended since the last call, by anybody, in the order written; where there are none it costs a stat."""
        try:
            size = os.stat(self.path).st_size
            if size == self._seen:
                return
            file = open(self.path, "rb")  # noqa: SIM115, closed below
        except FileNotFoundError:
            return
        if size < self._seen:  # another file now
            self._read_to = 0
        self._seen = self._read_to
        with file:
            file.seek(self._read_to)
            for line in file:
                self._seen += len(line)
                if (row := _row(line.rstrip(b"\n"))) is not None:
                    yield row
                if not line.endswith(b"\n"):  # it may still be growing: it is read again with its end
                    break
                self._read_to = self._seen
                self.n_read += row is not None
                self.n_spoiled += row is None and line != b"\n"

    def append(self, row: Mapping[str, object]) -> None:
        """Appends a row, which JSON must be able to hold.

        O_APPEND and a single write keep two processes' rows whole. A torn line at the end (a writer was cut off) is
        closed by a newline, not cut off: another process may be writing behind it.
        """
        rest = json.dumps(row, ensure_ascii=False, allow_nan=False).encode()[1:]
        line = b'%b%08x", %b\n' % (HEAD, zlib.crc32(rest), rest)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                line = b"\n" + line
            write_all(file, line, self.path)
        finally:
            os.close(file)

    def sync(self) -> None:
        """Waits until every row lies on the disk."""
        file = os.open(self.path, os.O_RDONLY)
        try:
            sync(file, self.path)
        finally:
            os.close(file)


def write_all(file: int, content: bytes, path: Path) -> None:
    """Writes all of `content` to the open file at `path`, where a disk that is nearly full takes less than asked.

    Raises OSError if it is full.
    """
    view = memoryview(content)
    with _named(path):
        while view:
            view = view[os.write(file, view) :]


def sync(file: int, path: Path) -> None:
    """Waits until the open file at `path` lies on the disk. Raises OSError where it cannot: it may be full only now."""
    with _named(path):
        os.fsync(file)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error of an open file names no file by itself."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def _row(line: bytes) -> dict[str, Any] | None:
    rest = line[REST_AT + 3 :]
    if not line.startswith(HEAD) or line[len(HEAD) : REST_AT] != b"%08x" % zlib.crc32(rest):
        return None
    row: dict[str, Any] = json.loads(b"{" + rest)
    return row
