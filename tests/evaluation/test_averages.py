"""Means of predictions, with every part of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from msftk.evaluation.averages import mean_of_models, mean_of_rows
from msftk.evaluation.predictions import OtherTarget, Predictions
from msftk.types import RatingScale


def made(seed: int, ids: str = "abc") -> Predictions:
    random, n = np.random.default_rng(seed), len(ids)
    contributions = random.normal(size=(n, 2, 3))
    return Predictions(
        tuple(ids),
        1 + contributions.sum(axis=1),
        RatingScale(1, 5),
        ("acoustic", "transcript"),
        contributions,
        random.uniform(size=(n, 2, 3)),
        extra={"spread": random.uniform(size=(n, 3))},
        by_sources={"none": random.uniform(1, 5, size=(n, 3))},
        others={"category": OtherTarget(("calm", "loud"), {"share": random.uniform(size=(n, 2))})},
    )


def test_rows_of_one_name_become_their_weighted_mean_and_a_single_one_stays_to_the_bit() -> None:
    one = made(0)
    mean = mean_of_rows(one, ["x", "y", "x"], [3, 0.7, 1])
    assert mean.ids == ("x", "y")
    np.testing.assert_allclose(mean.values[0], 0.75 * one.values[0] + 0.25 * one.values[2], rtol=1e-12)
    np.testing.assert_array_equal(mean.values[1], one.values[1])
    np.testing.assert_array_equal(mean.routing[1], one.routing[1])
    np.testing.assert_allclose(mean.contributions.sum(axis=1) + 1, mean.values)
    np.testing.assert_allclose(mean.extra["spread"][0], np.average(one.extra["spread"][[0, 2]], axis=0, weights=[3, 1]))
    assert mean.others["category"].outputs["share"].shape == (2, 2)


def test_models_are_averaged_over_what_all_of_them_predict() -> None:
    first, second = made(0), made(1, "cxa")
    mean = mean_of_models([first, replace(second, extra={}, clipped=True)])
    assert mean.ids == ("a", "c")
    np.testing.assert_allclose(mean.values[0], (first.values[0] + second.values[2]) / 2)
    np.testing.assert_allclose(
        mean.by_sources["none"][1], (first.by_sources["none"][2] + second.by_sources["none"][0]) / 2
    )
    assert mean.extra == {}
    assert not mean.clipped
    assert mean.expert_names == first.expert_names


def test_of_different_experts_none_is_told_apart_and_scales_are_laid_on_the_first() -> None:
    first, second = made(0), replace(made(0).on(RatingScale(0, 1)), expert_names=("acoustic", "extended"))
    mean = mean_of_models([first, second])
    assert mean.expert_names == ("mean",)
    np.testing.assert_allclose(mean.values, first.values)
    np.testing.assert_allclose(mean.contributions[:, 0] + 1, mean.values)
    assert mean.routing.shape == (3, 1, 3)


def test_an_attribute_is_the_mean_of_the_models_that_predict_it() -> None:
    whole, alone = made(0), made(1)
    alone = replace(alone, values=np.where([True, False, False], alone.values, np.nan), expert_names=("whole",))
    mean = mean_of_models([whole, alone])
    np.testing.assert_allclose(mean.values[:, 0], (whole.values[:, 0] + alone.values[:, 0]) / 2)
    np.testing.assert_array_equal(mean.values[:, 1:], whole.values[:, 1:])
    np.testing.assert_allclose(mean.contributions[:, 0] + 1, mean.values)
    assert mean_of_models([alone, alone]).attributes == ("valence",)


def test_one_model_is_its_own_mean() -> None:
    one = made(0)
    assert mean_of_models([one]) is one
