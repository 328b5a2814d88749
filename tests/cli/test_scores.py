from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from msftk.cli.scores import (
    print_by_sources,
    print_ccc,
    print_experts,
    print_figures,
    print_slices,
    print_targets,
    print_yardsticks,
)
from msftk.evaluation.evaluation import Evaluation, FoldScores, evaluate_predictions
from msftk.evaluation.predictions import Predictions
from msftk.files import json_text
from msftk.types import ATTRIBUTES, RaterRating, RatingScale, Utterance


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


def rated(n: int = 48) -> tuple[Predictions, list[Utterance]]:
    """Four speakers of two genders, all attributes rated by four people, and predictions of them."""
    random = np.random.default_rng(5)
    truth = random.uniform(1, 7, (n, 3))
    values = truth + random.normal(0, 1, (n, 3))
    utterances = [
        Utterance(
            f"u{row}",
            None,
            speaker=f"s{row % 4}",
            gender=("female", "male")[row % 2],
            ratings=dict(zip(ATTRIBUTES, own.tolist(), strict=True)),
            rater_ratings=tuple(
                RaterRating(f"r{k}", dict(zip(ATTRIBUTES, (own + random.normal(0, 1, 3)).tolist(), strict=True)))
                for k in range(4)
            ),
        )
        for row, own in enumerate(truth)
    ]
    ids = tuple(one.id for one in utterances)
    return Predictions(ids, values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((n, 1, 3))), utterances


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+\.\d\d", text)


def test_every_number_of_the_slices_is_that_of_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    said, utterances = rated()
    scored = evaluate_predictions(said, utterances, by=["gender"])
    print_slices(scored)
    shown = capsys.readouterr().out
    parts = scored.json()["slices"]["gender"]
    assert list(parts) == ["female", "male"]
    expected = []
    for part in parts.values():
        expected += [part["ccc"][row] for row in (*ATTRIBUTES, "mean")]
        expected += [bound for row in (*ATTRIBUTES, "mean") for bound in part["ci95"][row]]
    assert numbers(shown) == [f"{value:.2f}" for value in expected]
    assert [line.split()[1] for line in shown.splitlines() if line.startswith(("female", "male"))] == ["24", "24"]


def test_a_person_a_peer_and_the_way_between_stand_beside_each_ccc(capsys: pytest.CaptureFixture[str]) -> None:
    said, utterances = rated()
    worse = replace(said, values=said.values + np.random.default_rng(9).normal(0, 3, said.values.shape))
    scored = evaluate_predictions(said, utterances, peer=worse)
    print_yardsticks(scored)
    head, *lines = capsys.readouterr().out.split("\n", 1)[1].splitlines()
    assert re.split(r"\s{2,}", head) == [
        "measured by",
        "CCC",
        "CCC of one person",
        "CCC of the peer",
        "way from peer to person",
    ]
    plain = scored.json()
    for attribute, line in zip(ATTRIBUTES, lines, strict=True):
        own = [plain["ccc"][attribute], *(plain["scores"][name][attribute] for name in ("person", "peer"))]
        assert numbers(line) == [f"{value:.2f}" for value in own]
        assert line.split()[-2:] == [f"{100 * plain['scores']['way'][attribute]:.0f}", "%"]


def test_without_raters_and_peer_there_are_no_yardsticks(
    scored: Evaluation, capsys: pytest.CaptureFixture[str]
) -> None:
    print_yardsticks(scored)
    assert capsys.readouterr().out == ""
