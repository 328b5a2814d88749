"""A disk that is full, as the limit of a file's size that the system sets: the write itself fails."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from small_corpus import TINY

from msftk.cli import app
from msftk.store.manifest import Manifest, write_manifest
from msftk.store.shelf import Shelf

SETTINGS = [f"--set={one}" for one in TINY]


@contextmanager
def room_for(n_bytes: int) -> Iterator[None]:
    """No file of this process can grow beyond `n_bytes`."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_a_full_disk_is_one_line_that_names_the_file_and_the_same_command_goes_on(
    tmp_path: Path, tone_corpus: Manifest, capsys: pytest.CaptureFixture[str], tiny_run: Path
) -> None:
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    audio, manifest = tone_corpus.utterances[0].audio, str(tmp_path / "m.parquet")
    for command, place in (
        (["extract", manifest, *SETTINGS], "store"),
        (["emphasis", manifest], "table.csv"),
        (["train", manifest, *SETTINGS, "--fusion", "none", "--epochs", "1", "--device", "cpu"], "run"),
        (["prepare", "demo"], "demo.parquet"),
        (["predict", str(tiny_run), str(audio)], "said.csv"),
    ):
        store = [] if command[0] == "prepare" else ["--store", str(tmp_path / "store")]
        whole = [*command, *store, *([] if place == "store" else ["--out", str(tmp_path / place)])]
        with room_for(5_000):
            assert app.run(whole) == 1
        err = capsys.readouterr().err
        (told,) = [line for line in err.splitlines() if line.startswith("error: ")]
        assert told == err.splitlines()[-1]
        for words in ("File too large", "Finished work is kept", str(tmp_path)):
            assert words in told
        assert app.run(whole) == 0
        assert (tmp_path / place).exists()


def test_what_was_computed_before_the_disk_was_full_is_kept(tmp_path: Path, tone_corpus: Manifest) -> None:
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    command = ["extract", str(tmp_path / "m.parquet"), *SETTINGS, "--store", str(tmp_path / "store"), "--workers", "1"]
    with room_for(5_000):
        assert app.run(command) == 1
    assert sum(len(Shelf(folder)) for folder in (tmp_path / "store").iterdir() if folder.is_dir()) > 0
    assert app.run(command) == 0


@pytest.mark.parametrize(
    ("number", "code", "remedy"),
    [
        (errno.EROFS, 1, "(Read-only file system). Finished work is kept: make it writable"),
        (errno.EACCES, 2, "(Permission denied). Choose another place with --store."),
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_a_store_that_may_only_be_read_is_one_error_for_all_that_is_not_there(
    known: bool,
    number: int,
    code: int,
    remedy: str,
    tmp_path: Path,
    tone_corpus: Manifest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a producer that is there (`known`) what is stored is read, and the first that is not ends the job."""
    write_manifest(Manifest("tones", tone_corpus.scale, tone_corpus.utterances[:12]), tmp_path / "few.parquet")
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    store = tmp_path / "store"
    common = [*SETTINGS, "--store", str(store), "--workers", "1"]
    assert app.run(["extract", str(tmp_path / "few.parquet"), *common, "--semantics", "gs,es"]) == 0
    ordinary_open, ordinary_mkdir = os.open, Path.mkdir

    def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if str(path).startswith(str(store)) and flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(number, os.strerror(number), str(path))
        return ordinary_open(path, flags, *more, **named)

    def mkdir(path: Path, *given: Any, **named: Any) -> None:
        if path.parent == store and not path.exists():
            raise OSError(number, os.strerror(number), str(path))
        ordinary_mkdir(path, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", opened)
        patch.setattr(Path, "mkdir", mkdir)
        assert app.run(["extract", str(tmp_path / "few.parquet"), *common, "--semantics", "gs,es"]) == 0
        capsys.readouterr()
        semantics = "gs,es" if known else "gs,les,es"
        assert app.run(["extract", str(tmp_path / "m.parquet"), *common, "--semantics", semantics]) == code
        told = [line for line in capsys.readouterr().err.splitlines() if line]
    assert len(told) == 1
    assert told[0].startswith(f"error: {store}: cannot be written {remedy}")
    assert app.run(["extract", str(tmp_path / "m.parquet"), *common, "--semantics", semantics]) == 0
