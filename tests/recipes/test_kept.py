from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import UnknownNameError
from msftk.recipes.kept import kept
from msftk.recipes.sources import HELD_OUT, SELECTED_ON, TrainedSource
from msftk.runs.folder import RunFolder


def test_a_run_says_again_what_it_said(tiny_run: Path) -> None:
    run = RunFolder(tiny_run)
    said = kept([TrainedSource(run)], "test")
    assert said.predictions.ids == run.read_predictions("test").ids
    assert {u.split for u in said.utterances} == {"test"}
    assert said.protocol["role"] == HELD_OUT
    assert kept([TrainedSource(run)], "dev").protocol["role"] == SELECTED_ON


def test_the_mean_of_runs_is_between_them(tiny_run: Path) -> None:
    run = RunFolder(tiny_run)
    said = kept([TrainedSource(run)] * 2, "test")
    assert (said.predictions.values == run.read_predictions("test").values).all()
    assert said.protocol["mean_of"] == [str(tiny_run)] * 2


def test_a_split_that_was_not_kept_is_told(tiny_run: Path) -> None:
    run = RunFolder(tiny_run)
    with pytest.raises(UnknownNameError, match="no predictions of split 'tset'"):
        kept([TrainedSource(run)], "tset")
