"""One road for files: written whole or not at all, hashed, and read with an error that names file and place."""

from __future__ import annotations

import codecs
import errno
import hashlib
import json
import math
import os
import platform
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from msftk.errors import InputError, MsftkError

_MARKS = (  # what a file in Unicode may begin with; UTF-32's little-endian mark begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@contextmanager
def whole_file(path: Path, scratch: Path | None = None) -> Iterator[BinaryIO]:
    """A binary file to write, which becomes `path` at the end of the block, once it lies on the disk.

    Until then it has an unpredictable name in `scratch` (default: the folder of `path`, and on its file system) that
    nothing had before, so no link is followed and no other writer is met. If the block fails it is removed. Its rights
    are those of any new file (umask).

    Raises:
        OSError: the disk is full, the place cannot be written. The caller knows the remedy.
    """
    partial = (scratch or path.parent) / f".{path.name[:64]}.{secrets.token_hex(8)}.unfinished"
    try:
        with open(partial, "xb") as file:  # x: fails on whatever is there, a link too
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(partial)):  # a full disk names no file
            error.filename = str(path)
        raise
    sync_folder(path.parent)


def write_whole(path: Path, content: bytes | str) -> None:
    """Writes bytes, or text as UTF-8: the file is there whole or not at all. Raises OSError as `whole_file`."""
    with whole_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def check_place(path: Path) -> None:
    """Raises InputError where no file can be written at `path`: ask it before long work. Its folder is made."""
    reason = _no_folder(path.parent)
    try:
        reason = "a folder" if path.is_dir() else reason
    except OSError as error:  # a name that is too long
        reason = error.strerror or str(error)
    if reason:
        raise InputError(f"{path}: cannot be written ({reason}). Choose another place with --out.")


def check_folder(path: Path, option: str = "--out") -> None:
    """Raises InputError where `path`, by `option`, cannot be a folder to write in: ask before long work. It is made."""
    if reason := _no_folder(path):
        raise InputError(f"{path}: cannot be a folder to write in ({reason}). Choose another place with {option}.")


def _no_folder(path: Path) -> str:
    """Makes the folder, and tells why nothing can be written in it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        return "Not a directory"
    except OSError as error:
        return error.strerror or str(error)
    return "" if os.access(path, os.W_OK | os.X_OK) else "no right to write there"


def files_under(folder: Path) -> Iterator[Path]:
    """Files anywhere under a folder, in their order; one that somebody else makes or removes meanwhile is there or not.

    Links to folders are not followed, folders that may not be read are left out. Of a folder only the names are held.
    """
    names: list[str] = []
    folders: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    folders.add(entry.name)
    except OSError:
        return
    for name in sorted(names):
        if name in folders:
            yield from files_under(folder / name)
        elif (path := folder / name).is_file():
            yield path


def check_name(*names: object) -> None:
    """Raises InputError, with the first of the names, where one is not UTF-8: no table and no JSON could hold it."""
    whole = "".join(map(str, names))
    if whole != whole.encode(errors="replace").decode():
        raise InputError(f"{names[0]}: a name that is not UTF-8. Rename the file.")


def is_full(error: object) -> bool:
    """Whether an error says that nothing more can be written: the whole job ends, not one item of it."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def ends_writing(error: object) -> bool:
    """`is_full`, or no right to write: nothing of a job can be written."""
    return is_full(error) or (isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM))


def unwritable(path: Path, error: OSError, flag: str = "--out") -> MsftkError:
    """What to raise where writing `path` failed: on a full disk the job has failed, else its place is bad input."""
    if is_full(error):
        mend = "make it writable" if error.errno == errno.EROFS else "make room"
        return MsftkError(
            f"{path}: cannot be written ({error.strerror}). Finished work is kept: {mend}, and give the same command "
            "again."
        )
    return InputError(f"{path}: cannot be written ({error.strerror}). Choose another place with {flag}.")


@contextmanager
def writing(path: Path, flag: str = "--out") -> Iterator[None]:
    """A block that writes `path` and nothing else: its OSError is raised as `unwritable`."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error, flag) from error


def sync_folder(folder: Path) -> None:
    """Makes a rename in `folder` outlive a power cut."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def lock(place: Path, remedy: str) -> Iterator[None]:
    """Keeps other jobs from writing `place` until the end of the block, by a small file beside it; a process that dies
    lets go of it.

    Where the file system knows no locks nothing is held.

    Raises:
        MsftkError: another job holds it; the message names its process. Or it cannot be written, see `unwritable`.
    """
    import fcntl

    path = place.parent / f".{place.name}.lock"
    while True:
        with writing(place):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(file, 256).decode(errors="replace").strip() or "another process"
            os.close(file)
            raise MsftkError(f"{path}: held by {holder}. {remedy}") from error
        except OSError:  # no locks here
            break
        if _is_at(file, path):
            break
        os.close(file)  # its last holder removed it in between
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {os.getpid()} on {platform.node()}".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


def sha256_file(path: Path) -> str:
    """Hash of a whole file, in hex. Raises InputError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def read_text(path: Path, remedy: str = "Save it as UTF-8.", *, lenient: bool = False) -> str:
    """A text that somebody made: UTF-8, with or without its mark, or UTF-16 (whose mark may lack) and UTF-32.

    Every line ends in a line feed. `lenient`: a byte of another encoding becomes a mark, for files whose labels matter
    more than an accent.

    Raises:
        InputError: it cannot be read, is in another encoding, or no text (with the line of the first strange byte).
    """
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise unreadable(path, error) from error
    encoding = _encoding(content)
    try:
        text = content.decode(encoding, "replace" if lenient else "strict")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        strange = f"byte 0x{content[error.start]:02x} is not {encoding.removesuffix('-sig').upper()}"
        older = " (Latin-1 or Windows-1252?)" if encoding.startswith("utf-8") else ""
        raise InputError(f"{path}:{line}: {strange}{older}. {remedy}") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path}:{line}: a NUL, so not a text. Check the file, or write it again.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def unreadable(path: Path, error: Exception) -> InputError:
    """What to raise where opening or reading `path` failed, whatever of OSError it was."""
    return InputError(
        f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}). Check the path and its rights."
    )


def _encoding(content: bytes) -> str:
    """By the mark that the content begins with, else by where the zero byte of the first character stands."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    if content[1:2] == b"\0" != content[:1]:
        return "utf-16-le"
    return "utf-16-be" if content[:1] == b"\0" != content[1:2] else "utf-8-sig"


def read_json(path: Path, remedy: str) -> Any:
    """The JSON value that a file holds.

    Raises:
        InputError: it cannot be read, or is no JSON (with the line): torn, too deep, a number of thousands of digits,
            half a character, another encoding.
    """
    text = read_text(path, remedy)
    try:
        value = json.loads(text)
        if "\\u" in text:  # an escape may stand for half a character, which no file or terminal takes
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON ({error.msg}). {remedy}") from error
    except (ValueError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{path}: not JSON ({reason}). {remedy}") from error
    return value


def read_json_object(path: Path, remedy: str) -> dict[str, Any]:
    """`read_json` of a file that holds an object. Raises InputError as it does, and for any other value."""
    value = read_json(path, remedy)
    if not isinstance(value, dict):
        raise InputError(f"{path}: holds a JSON {type(value).__name__}, expected an object. {remedy}")
    return value


def json_text(value: Any, indent: int | None = None) -> str:
    """Standard JSON, whatever numbers are in it: NaN and infinities become null."""
    return json.dumps(without_nan(value), ensure_ascii=False, allow_nan=False, indent=indent)


def without_nan(value: Any) -> Any:
    """Undefined numbers as None, in any depth of mappings and sequences: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
