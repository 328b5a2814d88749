"""The command line's ends: exit codes, one line an error, and signals at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_corpus import TINY

from msftk.cli import app
from msftk.store.manifest import Manifest, write_manifest

COMMAND = "import sys; from msftk.cli.app import main; sys.argv[0] = 'msftk'; main()"
GOES_ON = "interrupted: finished work is kept, the same command goes on from there."


@pytest.mark.parametrize(("name", "usual"), app.LIBRARIES.items())
@pytest.mark.parametrize("chosen", [None, "3"])
def test_libraries_are_told_how_to_work_where_nobody_chose_otherwise(
    monkeypatch: pytest.MonkeyPatch, chosen: str | None, name: str, usual: str
) -> None:
    monkeypatch.setenv(name, chosen or "")
    if not chosen:
        monkeypatch.delenv(name)
    assert app.run(["--version"]) == 0
    assert os.environ[name] == (chosen or usual)


def test_whatever_fails_is_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from msftk.cli import commands, remedies  # noqa: F401, which binds the true commands

    def raising(error: Exception) -> Callable[[object], None]:
        def command(arguments: object) -> None:
            raise error

        return command

    full = OSError(28, "No space left on device", "/runs/first/metrics.jsonl")
    for error, words in (
        (full, "error: /runs/first/metrics.jsonl: No space left on device. Finished work is kept"),
        (ZeroDivisionError("of none"), "error: ZeroDivisionError: of none (at test_app.py:"),
    ):
        monkeypatch.setattr(commands, "app", raising(error))
        assert app.run([]) == 1
        printed = capsys.readouterr().err
        assert printed.startswith(words)
        assert printed.count("\n") == 1


@pytest.mark.parametrize("place", ["n" * 300, "/dev/null/x"])
def test_a_path_that_cannot_be_is_bad_input_to_every_command(
    place: str, tmp_path: Path, tone_corpus: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    manifest = str(tmp_path / "m.parquet")
    for command in (
        ["prepare", "csv", f"{place}.csv", "--out", f"{tmp_path}/x.parquet"],
        ["prepare", "demo", "--out", f"{place}.parquet"],
        ["doctor", f"{place}.parquet"],
        ["doctor", place],
        ["extract", f"{place}.parquet"],
        ["extract", manifest, "--store", place],
        ["train", f"{place}.parquet", "--out", f"{tmp_path}/run"],
        ["train", manifest, "--fusion", "none", "--out", place],
        ["evaluate", place],
        ["evaluate", f"{place}/run"],
        ["report", place],
        ["predict", place, "a.wav"],
        ["emphasis", f"{place}.wav"],
        ["emphasis", manifest, "--out", f"{place}.csv"],
    ):
        assert app.run(command) == 2, command
        printed = capsys.readouterr().err
        assert printed.startswith("error: "), printed
        assert printed.splitlines()[-1].startswith("error: "), printed
        assert "report it" not in printed
    assert not (tmp_path / "run").exists()


def test_ctrl_c_while_libraries_are_read_is_told_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from msftk.cli import commands

    def command(arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "app", command)
    assert app.run([]) == 130
    assert GOES_ON in capsys.readouterr().err


@pytest.fixture
def training(tmp_path: Path, tone_corpus: Manifest) -> list[str]:
    """A training that takes many epochs, as a process of its own."""
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    sets = [f"--set={one}" for one in TINY if not one.startswith("training.epochs")]
    places = ["--out", str(tmp_path / "run"), "--store", str(tmp_path / "store")]
    many = ["--fusion", "none", "--epochs", "5000", "--device", "cpu"]
    return [sys.executable, "-c", COMMAND, "train", str(tmp_path / "m.parquet"), *sets, *places, *many]


def test_sigterm_in_training_keeps_its_state_and_says_how_to_go_on(training: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(training, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not list((tmp_path / "run").glob("state/epoch-*")) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert GOES_ON in err
    assert "Traceback" not in err
    assert list((tmp_path / "run").glob("state/epoch-*"))
    assert not list(tmp_path.glob(".run.lock"))


def test_sigterm_in_the_first_moments_is_no_traceback(training: list[str]) -> None:
    process = subprocess.Popen(training, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (143, -signal.SIGTERM), err
    assert "Traceback" not in err
