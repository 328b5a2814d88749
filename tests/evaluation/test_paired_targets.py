"""Differences in classes: those of utterances of drawn speakers, and of systems that tell the same classes alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msftk.evaluation.bootstrap import cluster_counts
from msftk.evaluation.comparison import compare_predictions
from msftk.evaluation.paired import holm
from msftk.evaluation.paired_targets import pair_targets, target_differences
from msftk.evaluation.predictions import OtherTarget, Predictions
from msftk.types import ATTRIBUTES, RatingScale, Utterance

N, SPEAKERS = 60, 12
CLASSES = ("A", "H", "N")
OWN = np.random.default_rng(0).integers(0, 3, N)
RATED = np.random.default_rng(1).normal(4, 1, (N, 3))
UTTERANCES = [
    Utterance(
        f"u{k}",
        None,
        speaker=f"s{k % SPEAKERS:02}",
        ratings=dict(zip(ATTRIBUTES, RATED[k].tolist(), strict=True)),
        category=CLASSES[OWN[k]] if k % 10 else None,  # nobody agreed on every tenth
    )
    for k in range(N)
]
LABELS = [str(u.speaker) for u in UTTERANCES]


def telling(seed: int, wrong: float, classes: tuple[str, ...] = CLASSES) -> Predictions:
    """A system that takes a class for the next one in that share of utterances."""
    random = np.random.default_rng(seed)
    said = np.where(random.random(N) < wrong, (OWN + 1) % 3, OWN)
    logits = np.eye(3)[said][:, [CLASSES.index(one) for one in classes]]
    empty, ids = np.zeros((N, 1, 3)), tuple(u.id for u in UTTERANCES)
    others = {"category": OtherTarget(classes, {"value": logits})}
    return Predictions(ids, RATED, RatingScale(1, 7), ("one",), empty, empty, others=others)


SYSTEMS = {"good": [telling(1, 0.1), telling(2, 0.1)], "bad": [telling(3, 0.7)], "again": [telling(3, 0.7)]}


def uar(run: Predictions, rows: np.ndarray) -> float:
    """Mean recall over the classes that these rows have, written out."""
    said = run.others["category"].outputs["value"].argmax(axis=1)
    rows = rows[rows % 10 != 0]
    return float(np.mean([np.mean(said[rows[OWN[rows] == one]] == one) for one in np.unique(OWN[rows])]))


def test_the_draws_are_those_of_utterances_of_drawn_speakers() -> None:
    (made,) = pair_targets(SYSTEMS, UTTERANCES, LABELS, draws=300)
    assert made.scores == ("uar", "macro_f1", "accuracy")
    counts = np.concatenate(list(cluster_counts(SPEAKERS, 300)))
    rows = np.repeat(np.arange(N), counts[299][np.arange(N) % SPEAKERS].astype(int))
    assert made.paired._drawn is not None
    for place, runs in enumerate(SYSTEMS.values()):
        assert made.paired._drawn[place, 299, 0] == pytest.approx(np.mean([uar(run, rows) for run in runs]))
    whole = [uar(run, np.arange(N)) for run in SYSTEMS["good"]]
    assert made.score("good")["uar"].value == pytest.approx(np.mean(whole))
    assert 0 <= made.score("good")["uar"].low < np.mean(whole) < made.score("good")["uar"].high <= 1


def test_one_is_better_and_one_the_same_and_p_is_adjusted_over_pairs_and_scores() -> None:
    pairs = [("bad", "good"), ("again", "bad")]
    worse, same = target_differences(pair_targets(SYSTEMS, UTTERANCES, LABELS, draws=300), pairs)
    assert all(one.high < 0 for one in worse["category"].by.values())
    assert {(one.value, one.p) for one in same["category"].by.values()} == {(0.0, 1.0)}
    ps = [one.p for each in (worse, same) for one in each["category"].by.values()]
    assert [*worse["category"].holm.values(), *same["category"].holm.values()] == holm(ps)


def test_systems_of_other_classes_are_not_held_against_each_other() -> None:
    fewer = {"of two": [telling(1, 0.1, ("A", "H"))], "of both": [telling(1, 0.1), telling(1, 0.1, ("A", "H"))]}
    made = pair_targets({**SYSTEMS, **fewer}, UTTERANCES, LABELS, draws=100)
    assert [set(one.place) for one in made] == [{"good", "bad", "again"}, {"of two"}]
    assert target_differences(made, [("of two", "good")]) == [{}]


def test_a_comparison_tells_both_and_no_class_changes_its_ccc() -> None:
    pairs = {"the first": [("bad", "good")]}
    found = compare_predictions(SYSTEMS, UTTERANCES, pairs, draws=300)
    (told,) = found.json()["differences"]
    assert told["targets"]["category"]["by"]["uar"]["value"] < -0.3
    assert found.json()["systems"]["bad"]["targets_mean"]["category"]["uar"]["p"] < 0.01
    unlabelled = compare_predictions(SYSTEMS, [replace(u, category=None) for u in UTTERANCES], pairs, draws=300)
    assert unlabelled.differences[0].targets == {}
    assert unlabelled.differences[0].by == found.differences[0].by
