"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from msftk.cli import app


@dataclass(frozen=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def msftk(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs `msftk ARGUMENTS` in this process, through the same door as the console command."""

    def call(*arguments: object) -> Ended:
        capsys.readouterr()
        code = app.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call
