"""Pictures of a run: what lies where."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np

from msftk.evaluation.figures import scatter_svgs, training_svgs
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
    assert len(training_svgs(lines)) == 1
    rated = [{**line, "dev_ccc": {"valence": None, "arousal": 0.1, "dominance": 0.2}} for line in lines]
    assert len(training_svgs(rated)) == 2
