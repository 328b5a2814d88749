from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.evaluation.ccc import ccc
from msftk.evaluation.comparison import common, compare_predictions, rated_otherwise, refuse_different
from msftk.evaluation.predictions import OtherTarget, Predictions
from msftk.types import ATTRIBUTES, RatingScale, Utterance

N = 60


def made(seed: int, noise: float) -> Predictions:
    random = np.random.default_rng(seed)
    values = TRUTH + random.normal(0, noise, TRUTH.shape)
    empty = np.zeros((N, 1, 3))
    return Predictions(tuple(f"u{k}" for k in range(N)), values, RatingScale(1, 7), ("one",), empty, empty)


TRUTH = np.random.default_rng(0).normal(4, 1, (N, 3))
UTTERANCES = [
    Utterance(f"u{k}", None, speaker=f"s{k % 12}", ratings=dict(zip(ATTRIBUTES, row, strict=True)))
    for k, row in enumerate(TRUTH.tolist())
]
SYSTEMS = {"good": [made(1, 0.3), made(2, 0.3)], "bad": [made(3, 1.5), made(4, 1.5)], "same": [made(1, 0.3)]}
FAMILY = {"the first": [("bad", "good"), ("same", "good")]}


def test_scores_and_differences_are_those_of_the_predictions_by_id() -> None:
    shuffled = {**SYSTEMS, "bad": [run.of(run.ids[::-1]) for run in SYSTEMS["bad"]]}  # files in another order
    found = compare_predictions(shuffled, UTTERANCES, FAMILY, draws=500)
    good = [[ccc(run.values[:, a], TRUTH[:, a]) for a in range(3)] for run in SYSTEMS["good"]]
    assert found.systems["good"].ccc["valence"].value == pytest.approx(np.mean([run[0] for run in good]))
    assert found.systems["good"].ccc["mean"].value == pytest.approx(np.mean(good))
    assert [run["arousal"] for run in found.systems["good"].runs] == pytest.approx([run[1] for run in good])
    worse, nearly = found.differences
    assert all(worse.by[a].value < 0 and worse.holm[a] < 0.05 for a in found.attributes)
    assert all(worse.holm[a] >= worse.by[a].p for a in found.attributes)
    assert all(nearly.holm[a] > 0.05 for a in found.attributes)
    assert (found.n, found.clusters, found.over) == (N, 12, "speaker")


def test_scores_of_classes_stand_beside_those_of_all_runs() -> None:
    right = np.arange(N) % 2  # of the two classes
    utterances = [replace(u, category="AH"[k]) for u, k in zip(UTTERANCES, right, strict=True)]

    def telling(run: Predictions, said: np.ndarray) -> Predictions:
        return replace(run, others={"category": OtherTarget(("A", "H"), {"value": np.eye(2)[said]})})

    good, other = SYSTEMS["good"]
    systems = {"both": [telling(good, right), telling(other, 0 * right)], "one": [telling(good, right), other]}
    found = compare_predictions(systems, utterances, {}, draws=100)
    assert found.systems["both"].targets["category"]["uar"] == [1, 0.5]
    assert found.systems["both"].targets_mean["category"]["uar"].value == 0.75
    assert found.json()["systems"]["one"]["targets"] == found.json()["systems"]["one"]["targets_mean"] == {}


def test_an_attribute_that_nobody_rated_is_left_out() -> None:
    unrated = [replace(u, ratings={"valence": u.ratings["valence"]}) for u in UTTERANCES]
    found = compare_predictions(SYSTEMS, unrated, FAMILY, draws=100)
    assert found.attributes == ("valence", "mean")
    assert found.json()["systems"]["good"]["ccc"]["arousal"]["value"] is None
    with pytest.raises(InputError, match="nothing to compare"):
        compare_predictions(SYSTEMS, [replace(u, ratings=None) for u in UTTERANCES], FAMILY)


def test_different_utterances_are_refused_and_those_in_common_found() -> None:
    fewer = {"good": SYSTEMS["good"], "bad": [run.of(run.ids[3:]) for run in SYSTEMS["bad"]]}
    with pytest.raises(InputError, match=r"good and bad .* 3 only by the first, 0 only by the second, 57 by both"):
        refuse_different(fewer)
    shared = common(fewer)
    refuse_different(shared)
    assert {len(run) for runs in shared.values() for run in runs} == {N - 3}


def test_other_ratings_of_one_utterance_are_found() -> None:
    other = [replace(u, ratings={"valence": 1.0}) if u.id == "u7" else u for u in UTTERANCES]
    assert rated_otherwise(UTTERANCES, other) == "u7"
    assert rated_otherwise(UTTERANCES, UTTERANCES[::-1]) is None
