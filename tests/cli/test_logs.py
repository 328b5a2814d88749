"""Of libraries nothing is on the screen; -v shows what is logged."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from msftk.cli import logs
from msftk.cli.logs import Printed, show_logs


@pytest.fixture(autouse=True)
def _logs_of_before() -> Iterator[None]:
    yield
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, Printed)]:
        root.removeHandler(handler)
    logging.captureWarnings(False)


def said() -> None:
    """What msftk and a library say."""
    logging.getLogger("msftk.training.loop").info("state saved")
    logging.getLogger("msftk_plugins.acoustic.compiling").warning("no compiler is found")
    logging.getLogger("transformers_like").warning("some weights are new")
    warnings.warn("deprecated", FutureWarning, stacklevel=1)


def test_only_our_warnings_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_logs(False)
    said()
    assert capsys.readouterr().err == "warning: no compiler is found\n"


def test_verbose_shows_all_with_the_time_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):  # one more call, and nothing is shown twice
        show_logs(True)
    said()
    shown = capsys.readouterr().err.splitlines()
    assert [line.split(" ", 1)[1] for line in shown[:3]] == [
        "msftk.training.loop: state saved",
        "msftk_plugins.acoustic.compiling: no compiler is found",
        "transformers_like: some weights are new",
    ]
    assert "FutureWarning: deprecated" in shown[3]


def test_warnings_that_the_user_asks_for_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs.sys, "warnoptions", ["error"])
    show_logs(False)
    warnings.simplefilter("error")
    with pytest.raises(FutureWarning):
        said()


def test_every_command_takes_verbose(msftk: Callable, tmp_path: Path) -> None:
    ended = msftk("doctor", "-v", tmp_path / "none.parquet")
    assert ended.code == 2
    assert "No such option" not in ended.err
    for command in (["train"], ["plugins", "list"]):
        assert "--verbose" in msftk(*command, "--help").out


def test_other_programs_logs_are_left_alone() -> None:
    """Who imports msftk keeps their own logging."""
    script = "import logging, warnings, msftk, msftk.recipes.prepare; print(logging.getLogger().handlers)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
