"""Differences between systems: equal to resampling one by one, right as often as they say, and blind to no seed."""

from __future__ import annotations

import numpy as np
import pytest

from msftk.evaluation.bootstrap import cluster_counts
from msftk.evaluation.ccc import ccc
from msftk.evaluation.clusters import cluster_moments
from msftk.evaluation.paired import Paired, holm, paired_ccc

SPEAKERS, EACH = 16, 15
LABELS = [f"s{row % SPEAKERS:02}" for row in range(SPEAKERS * EACH)]
PLACES = np.array([int(label[1:]) for label in LABELS])


def world(seeds: int, better: float, random: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
    """Ratings [n, 1, 1], and two systems [n, run, 1]: of the second predictions follow ratings by `better` more.

    Both err on speakers, each in its own way; a seed moves how much a run follows the ratings.
    """
    truth = random.normal(0, 0.4, SPEAKERS)[PLACES] + random.normal(0, 0.9, len(PLACES))
    systems = []
    for slope in (0.6, 0.6 + better):
        err = random.normal(0, 0.3, SPEAKERS)[PLACES] + random.normal(0, 0.35, len(PLACES))
        runs = [
            (slope + random.normal(0, 0.06)) * truth + err + random.normal(0, 0.3, len(PLACES)) for _ in range(seeds)
        ]
        systems.append(np.stack(runs, axis=1)[..., None])
    return truth[:, None, None], systems


def paired(seeds: int, better: float, random: np.random.Generator, draws: int = 300) -> Paired:
    truth, systems = world(seeds, better, random)
    return paired_ccc([cluster_moments(one, truth, LABELS) for one in systems], draws)


def test_the_draws_are_those_of_utterances_of_drawn_speakers() -> None:
    truth, systems = world(3, 0.1, np.random.default_rng(0))
    made = paired_ccc([cluster_moments(one, truth, LABELS) for one in systems], draws=300, seed=7)
    counts = np.concatenate(list(cluster_counts(SPEAKERS, 300, 7)))
    assert (counts.sum(axis=1) == SPEAKERS).all()
    rows = np.repeat(np.arange(len(PLACES)), counts[299][PLACES].astype(int))
    for place, system in enumerate(systems):
        each = [ccc(system[rows, run, 0], truth[rows, 0, 0]) for run in range(3)]
        assert made._drawn[place, 299, 0] == pytest.approx(np.mean(each))
        whole = [ccc(system[:, run, 0], truth[:, 0, 0]) for run in range(3)]
        assert made.score(place)[0].value == pytest.approx(np.mean(whole))
        assert made.spread(place)[0] == pytest.approx(np.std(whole, ddof=1))


def test_a_difference_is_that_of_the_scores_either_way_round_and_none_with_itself() -> None:
    made = paired(3, 0.2, np.random.default_rng(0))
    there, back = made.difference(1, 0)[0], made.difference(0, 1)[0]
    assert there.value == pytest.approx(made.score(1)[0].value - made.score(0)[0].value)
    assert (there.value, there.low, there.p) == pytest.approx((-back.value, -back.high, back.p))
    itself = made.difference(1, 1)[0]
    assert (itself.value, itself.low, itself.high, itself.p) == (0.0, 0.0, 0.0, 1.0)


def claims(seeds: int, better: float, times: int = 200) -> float:
    """How often of 200 pairs of systems a difference is claimed at 5 %."""
    random = np.random.default_rng(11)
    return float(np.mean([paired(seeds, better, random).difference(1, 0)[0].p < 0.05 for _ in range(times)]))


def test_equal_systems_are_rarely_and_different_ones_mostly_told_apart_with_seeds() -> None:
    assert claims(5, 0.0) <= 0.09  # 5 % are meant: 18 of 200 and more happen in 1 % of such tests
    assert claims(5, 0.25) >= 0.8


def test_with_one_run_each_a_lucky_seed_is_taken_for_a_better_system() -> None:
    assert claims(1, 0.0) > 0.09  # hence the sentence on checkpoints


def test_what_is_undefined_is_nan() -> None:
    truth, systems = world(2, 0.1, np.random.default_rng(0))
    alone = paired_ccc([cluster_moments(one, truth, ["all"] * len(truth)) for one in systems], draws=300)
    one = alone.difference(1, 0)[0]
    assert np.isfinite(one.value)
    assert np.isnan([one.low, one.high, one.p]).all()
    unrated = np.concatenate([truth, np.full_like(truth, np.nan)], axis=-1)
    both = [np.repeat(one, 2, axis=-1) for one in systems]
    made = paired_ccc([cluster_moments(one, unrated, LABELS) for one in both], draws=300)
    valence, arousal, mean = made.difference(1, 0)
    assert np.isnan(arousal.value)
    assert mean == valence


def test_holm_steps_down_from_the_smallest() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
