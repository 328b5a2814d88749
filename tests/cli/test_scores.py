from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from msftk.cli.scores import print_by_sources, print_ccc, print_experts, print_figures, print_targets
from msftk.evaluation.evaluation import Evaluation, FoldScores, evaluate_predictions
from msftk.evaluation.predictions import Predictions
from msftk.files import json_text
from msftk.types import ATTRIBUTES, RatingScale, Utterance


@pytest.fixture
def scored() -> Evaluation:
    """Four utterances of two speakers, dominance unrated, by two experts of whom the second says nothing."""
    values = np.array([[2.0, 3, 4], [5, 6, 5], [3, 2, 4], [6, 5, 5]])
    contributions = np.stack([values - 1, np.zeros_like(values)], axis=1)
    made = Predictions(
        tuple("abcd"), values, RatingScale(1, 7), ("acoustic", "extended"), contributions, np.full((4, 2, 3), 0.5)
    )
    rated = [
        Utterance(one, None, speaker=f"s{row % 2}", ratings=dict(zip(ATTRIBUTES[:2], values[row] + 1, strict=False)))
        for row, one in enumerate(made.ids)
    ]
    return evaluate_predictions(made, rated, missing={"sources": {}}, protocol={"role": "selected on"})


def test_ccc_stands_by_split_with_its_role_and_what_nobody_rated_is_left_out(
    scored: Evaluation, capsys: pytest.CaptureFixture[str]
) -> None:
    print_ccc({"dev": scored})
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "dev (selected on)" in lines["CCC"]
    assert f"{scored.ccc['valence']:.2f}".lstrip("0") in lines["valence"]
    assert lines["utterances"].split()[-1] == "4"
    assert "dominance" not in lines  # nobody rated it
    assert lines["mean"].split()[-3] == lines["valence"].split()[-3]


def test_figures_have_a_row_each(scored: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(scored)
    shown = capsys.readouterr().out
    assert "-1.00" in next(line for line in shown.splitlines() if "bias" in line.lower())


def test_experts_are_shown_where_there_are_several(scored: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    print_experts(scored, "dev")
    shown = capsys.readouterr().out
    assert "100" in next(line for line in shown.splitlines() if "acoustic" in line)
    assert "–" not in shown
    nan = {**scored.experts.share, "valence": {"acoustic": np.nan, "extended": np.nan}}
    cancelling = replace(scored, experts=replace(scored.experts, share=nan))
    print_experts(cancelling)
    shown = capsys.readouterr().out
    assert "– (" in shown
    assert "–: no share is defined where the experts' parts nearly cancel" in shown
    assert json.loads(json_text(cancelling.json()))["experts"]["share"]["valence"]["acoustic"] is None
    alone = replace(scored.experts, share={a: {"acoustic": 1.0} for a in ATTRIBUTES})
    print_experts(replace(scored, experts=alone))
    assert capsys.readouterr().out == ""


def test_what_a_run_does_not_have_is_not_printed(scored: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    print_by_sources(scored)
    print_targets(scored)
    assert capsys.readouterr().out == ""
    print_by_sources(replace(scored, by_sources={"gs,les": scored.ccc}))
    print_targets(replace(scored, targets={"category": {"accuracy": 0.5}}))
    shown = capsys.readouterr().out
    assert "gs,les" in shown
    assert "accuracy" in shown


def test_mean_and_spread_of_folds_stand_under_their_own_split(
    scored: Evaluation, capsys: pytest.CaptureFixture[str]
) -> None:
    def with_folds(mean: float, spread: float) -> Evaluation:
        of = dict.fromkeys((*ATTRIBUTES, "mean"), mean)
        return replace(scored, folds=FoldScores({"s1": of, "s2": of}, of, dict.fromkeys(of, spread)))

    print_ccc({"dev": with_folds(0.11, 0.01), "test": with_folds(0.77, 0.07)})
    lines = capsys.readouterr().out.splitlines()
    header = next(place for place, line in enumerate(lines) if "of 2 folds" in line)
    assert lines[header].split()[-2:] == ["dev", "test"]
    assert lines[header + 1].split() == ["valence", "0.11", "±", "0.01", "0.77", "±", "0.07"]
