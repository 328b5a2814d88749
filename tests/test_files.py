from __future__ import annotations

import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.files import (
    check_folder,
    check_place,
    files_under,
    json_text,
    read_json,
    read_json_object,
    read_text,
    sha256_file,
    whole_file,
    write_whole,
)

TEXT = "zwölf\n十 😀\n"
REMEDY = "Write it again."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_form_is_one_text(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode(encoding))
    assert read_text(path) == TEXT
    path.write_bytes(b"one\rtwo")
    assert read_text(path) == "one\ntwo"
    path.write_bytes(b"")
    assert read_text(path) == ""


def test_older_encodings_are_told_by_line_and_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("one\ncafé".encode("cp1252"))
    with pytest.raises(InputError) as refused:
        read_text(path)
    assert str(refused.value) == f"{path}:2: byte 0xe9 is not UTF-8 (Latin-1 or Windows-1252?). Save it as UTF-8."
    path.write_bytes(b"one\ntwo\0")
    with pytest.raises(InputError, match=r"a\.txt:2: a NUL, so not a text\."):
        read_text(path)


def test_what_cannot_be_opened_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, reason in {
        "gone": "No such file",
        ".": "Is a directory",
        "file/below": "Not a directory",
        "loop": "Too many levels",
        "n" * 300: "File name too long",
        "a\0b": "embedded null",
    }.items():
        for read in (read_text, sha256_file):
            with pytest.raises(InputError, match=rf": cannot be read \({reason}.*\)\. Check the path and its rights\."):
                read(tmp_path / name)


def test_a_folder_that_cannot_be_written_in_is_told_before_the_work(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "run")
    assert (tmp_path / "new" / "run").is_dir()
    (tmp_path / "file").write_text("")
    for name, reason in {"file": "Not a directory", "file/below": "Not a", "n" * 300: "File name too long"}.items():
        with pytest.raises(InputError, match=rf"{name}: cannot be a folder to write in \({reason}.*\)\. Choose"):
            check_folder(tmp_path / name)


def test_a_name_that_is_no_utf8_can_be_shown(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_text(tmp_path / os.fsdecode(b"caf\xe9.txt"))
    assert r"caf\udce9.txt: cannot be read" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":\n1', r":2: not JSON \(Expecting"),
        ("", r":1: not JSON \(Expecting value\)"),
        ("[" * 100_000, r": not JSON \(too deep\)"),
        ("9" * 5_000, r": not JSON \(Exceeds the limit"),
        (r'"\ud800"', r": not JSON \(.+surrogates not allowed\)"),
    ],
)
def test_what_is_no_json_says_where(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"a\.json{reason}.*\. Write it again\."):
        read_json(path, REMEDY)


def test_json_of_another_kind_than_an_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(r'{"a": "\ud83d\ude00"}')
    assert read_json_object(path, REMEDY) == {"a": "😀"}
    path.write_text("[1]")
    assert read_json(path, REMEDY) == [1]
    with pytest.raises(InputError, match=r"a\.json: holds a JSON list, expected an object\. Write it again\."):
        read_json_object(path, REMEDY)


def test_undefined_numbers_are_null_in_any_depth() -> None:
    value = {"a": [float("nan"), (1.5, float("inf"))], "é": None}
    assert json.loads(json_text(value)) == {"a": [None, [1.5, None]], "é": None}
    assert "é" in json_text(value)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, "old")
    with pytest.raises(TypeError), whole_file(path) as file:
        file.write("half a text")  # type: ignore[arg-type]
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", ["a.txt"])
    write_whole(path, b"new")
    assert (path.read_text(), os.listdir(tmp_path)) == ("new", ["a.txt"])


def test_no_link_is_followed_and_rights_are_the_umasks(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "a.txt"
    victim.write_text("mine")
    path.symlink_to(victim)
    before = os.umask(0o027)
    try:
        write_whole(path, "new")
    finally:
        os.umask(before)
    assert (victim.read_text(), path.read_text(), path.is_symlink()) == ("mine", "new", False)
    assert path.stat().st_mode & 0o777 == 0o640


def test_hash_is_of_the_whole_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"abc")
    assert sha256_file(tmp_path / "a").startswith("ba7816bf")


def test_place_is_told_before_the_work_where_nothing_can_be_written(tmp_path: Path) -> None:
    check_place(tmp_path / "new" / "out.csv")
    assert (tmp_path / "new").is_dir()
    (tmp_path / "file").write_text("")
    for place, reason in ((tmp_path / "new", "a folder"), (tmp_path / "file" / "out.csv", "directory")):
        with pytest.raises(InputError, match=rf"cannot be written \(.*({reason}).*Choose another place with --out"):
            check_place(place)


def test_a_file_lies_on_the_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append("sync"), sync(file))[1])
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("rename"), rename(*names))[1])
    write_whole(tmp_path / "a", "text")
    assert done == ["sync", "rename", "sync"]  # the file, its name, the folder that holds the name


def test_a_folder_is_listed_while_others_make_and_remove_folders_in_it(tmp_path: Path) -> None:
    kept = [tmp_path / f"{k:02}" / "a.wav" for k in range(40)]
    for path in kept:
        path.parent.mkdir()
        path.touch()
    done = threading.Event()

    def disturb(name: str) -> None:
        while not done.is_set():
            (tmp_path / name / "deep").mkdir(parents=True)
            (tmp_path / name / "deep" / "b.wav").touch()
            shutil.rmtree(tmp_path / name)

    with ThreadPoolExecutor(3) as others:
        busy = [others.submit(disturb, name) for name in ("x", "y", "z")]
        try:
            found = [list(files_under(tmp_path)) for _ in range(200)]
        finally:
            done.set()
        assert all(one.result() is None for one in busy)
    assert all([path for path in one if path.name == "a.wav"] == kept for one in found)
