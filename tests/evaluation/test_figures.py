"""Pictures of a run: what lies where."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np

from msftk.evaluation.figures import EACH_AS_A_DOT, residual_svg, scatter_svgs, training_svgs
from msftk.types import ATTRIBUTES, RatingScale


def test_every_attribute_has_a_picture_of_its_own() -> None:
    truth = np.linspace(1, 7, 9).reshape(3, 3)
    drawn = scatter_svgs(truth[::-1], truth, RatingScale(1, 7))
    assert [attribute in svg for attribute, svg in zip(ATTRIBUTES, drawn, strict=True)] == [True] * 3
    for svg in drawn:
        assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert drawn == scatter_svgs(truth[::-1], truth, RatingScale(1, 7))  # the same bytes


def test_a_prediction_beyond_the_scale_lies_on_the_edge() -> None:
    truth = np.full((1, 3), 4.0)
    beyond, further = (scatter_svgs(np.full((1, 3), value), truth, RatingScale(1, 7)) for value in (20.0, 90.0))
    assert beyond == further
    assert beyond != scatter_svgs(truth, truth, RatingScale(1, 7))


def test_without_a_dev_part_the_loss_stands_alone() -> None:
    lines = [{"epoch": 1, "train_loss": 3.0, "dev_ccc": {}}, {"epoch": 2, "train_loss": 2.5, "dev_ccc": {}}]
    assert len(training_svgs({"": lines})) == 1
    rated = [{**line, "dev_ccc": {"valence": None, "arousal": 0.1, "dominance": 0.2}} for line in lines]
    assert len(training_svgs({"": rated})) == 2


def test_folds_share_the_two_pictures() -> None:
    rated = [{"epoch": k, "train_loss": 3.0 - k, "dev_ccc": {"valence": 0.1, "mean": 0.1 * k}} for k in range(3)]
    one, many = (training_svgs({str(k): rated for k in range(n)}) for n in (1, 4))
    assert len(one) == len(many) == 2
    assert "mean" in many[1]
    assert "mean" not in one[1]


def test_many_predictions_are_counted_and_none_is_left_out() -> None:
    random = np.random.default_rng(0)
    few, many = (random.uniform(1, 7, (n, 3)) for n in (EACH_AS_A_DOT, 30_000))
    dots, hexagons = (scatter_svgs(one, one[::-1], RatingScale(1, 7)) for one in (few, many))
    assert dots[0].count("<use") > EACH_AS_A_DOT > hexagons[0].count("<path")
    assert sum(map(len, hexagons)) < 1_000_000


def test_a_part_that_looks_like_markup_is_text() -> None:
    one = {"valence": {"n": 2, "bias": 0.5, "rmse": 1.0, "quantiles": [-1.0, 0.0, 0.5, 1.0, 2.0]}}
    svg = residual_svg({"<b>$x": one}, ["valence"])
    assert "&lt;b&gt;$x" in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")
