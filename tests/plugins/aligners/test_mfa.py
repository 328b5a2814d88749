"""The bridge to MFA, with a stand-in for its program (tests/stand_in_mfa.py) that is started as a real process.

MFA itself is not installed here: that its folder layout, arguments and outputs are as told is known from its manual.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import BackEndError, InputError, RefusedError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.testing import check_aligner
from msftk.types import Alignment
from msftk_plugins.aligners.mfa import Mfa

STAND_IN = Path(__file__).parents[2] / "stand_in_mfa.py"
Make = Callable[..., Mfa]


@pytest.fixture
def mfa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "mfa"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return lambda **options: registry().create("aligner", "mfa", options)


def asked(*texts: str) -> list[Evidence]:
    return [
        Evidence("u", waveform=np.full(16_000 + k, 0.1, np.float32), transcript=text) for k, text in enumerate(texts)
    ]


def test_it_keeps_the_contract_of_aligners(mfa: Make) -> None:
    check_aligner("mfa")


def test_many_are_aligned_in_one_call_and_each_is_answered(mfa: Make) -> None:
    good, lost, unknown, empty, other = mfa().align_batch(asked("Go home", "lost", "go zorglub", "...", "Stop"))
    assert isinstance(good, Alignment)
    assert (good.words.labels, good.aligner) == (("Go", "home"), "mfa")
    assert good.words.end_s.tolist() == [0.5, 1.0]
    assert good.word_scores is not None
    assert good.word_scores.tolist() == [-45, -45]
    assert good.phones.labels == ("go", "home")
    assert isinstance(other, Alignment)
    reasons = ["the text does not fit the sound", "words not in the dictionary", "no words"]
    assert [str(one) for one in (lost, unknown, empty)] == reasons
    assert "go <unk>" in unknown.detail  # type: ignore[union-attr]


def test_a_text_under_the_least_score_is_refused(mfa: Make) -> None:
    right, wrong = mfa(least_score=-47).align_batch(asked("right", "wrong"))
    assert isinstance(right, Alignment)
    assert isinstance(wrong, RefusedError)
    assert "log-likelihood -50.00, at least -47 expected" in wrong.detail


def test_a_program_that_fails_ends_the_job_with_its_last_words(mfa: Make) -> None:
    with pytest.raises(BackEndError, match=r"mfa align ended with 1: NoModelError: no dictionary called missing\."):
        mfa(dictionary="missing").align_batch(asked("go"))


def test_its_version_counts_in_what_is_stored(mfa: Make) -> None:
    assert mfa().identity() == {"mfa": "0.0 (stand-in)"}


def test_without_the_program_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"needs the program mfa, which is not on the PATH\. .*--aligner pocketsphinx"):
        registry().create("aligner", "mfa")
