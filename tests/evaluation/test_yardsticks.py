"""What a CCC is measured by: a person against the others, a peer, and how far it is between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.evaluation.attributes import ccc_by_attribute
from msftk.evaluation.ccc import ccc
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.scores import ratings_of
from msftk.evaluation.yardsticks import person, yardsticks
from msftk.types import ATTRIBUTES, RaterRating, RatingScale, Utterance


def test_person_is_each_rater_against_the_mean_of_the_others() -> None:
    random = np.random.default_rng(2)
    given = random.integers(1, 6, (20, 3)).astype(float)
    utterances = [
        Utterance(
            str(row),
            Path("a.wav"),
            rater_ratings=tuple(RaterRating(f"r{k}", {"valence": value}) for k, value in enumerate(values)),
        )
        for row, values in enumerate(given)
    ]
    expected = np.mean([ccc(given[:, k], np.delete(given, k, axis=1).mean(axis=1)) for k in range(3)])
    scores = person(utterances)
    assert scores["valence"] == pytest.approx(expected)
    assert np.isnan(scores["arousal"])


def test_person_needs_ten_shared_utterances() -> None:
    ratings = (RaterRating("a", {"valence": 1.0}), RaterRating("b", {"valence": 2.0}))
    utterances = [Utterance(str(k), Path("a.wav"), rater_ratings=ratings) for k in range(9)]
    assert np.isnan(person(utterances)["valence"])


def rated(n: int = 40) -> list[Utterance]:
    """Three people rate valence about alike and arousal by chance; nobody rates dominance."""
    random = np.random.default_rng(4)
    utterances = []
    for row in range(n):
        valence, arousal = random.uniform(2, 6), random.uniform(1, 7, 3)
        said = [{"valence": valence + random.normal(0, 0.7), "arousal": arousal[k]} for k in range(3)]
        mean = {a: float(np.mean([one[a] for one in said])) for a in ("valence", "arousal")}
        raters = tuple(RaterRating(f"r{k}", one) for k, one in enumerate(said))
        utterances.append(Utterance(f"u{row}", None, ratings=mean, rater_ratings=raters))
    return utterances


def said(ids: list[str], values: np.ndarray) -> Predictions:
    whole = (values - 1)[:, None]
    return Predictions(tuple(ids), values, RatingScale(1, 7), ("whole",), whole, np.ones_like(whole))


def test_the_way_from_the_peer_to_a_person_is_0_at_the_peer_and_1_at_the_person() -> None:
    utterances = rated()
    truth = ratings_of(utterances)
    peer = said([u.id for u in utterances], truth + np.random.default_rng(0).normal(0, 1.5, truth.shape))
    of_peer, people = ccc_by_attribute(peer.values, truth), person(utterances)
    assert yardsticks(of_peer, truth, utterances, peer)["way"]["valence"] == pytest.approx(0)
    assert yardsticks({**people, "mean": 0.0}, truth, utterances, peer)["way"]["valence"] == pytest.approx(1)
    half = {a: (of_peer[a] + people[a]) / 2 for a in ATTRIBUTES}
    found = yardsticks(half, truth, utterances, peer)
    assert found["way"]["valence"] == pytest.approx(0.5)
    assert found["peer"] == {a: of_peer[a] for a in ATTRIBUTES} or np.isnan(found["peer"]["dominance"])
    assert np.isnan(found["way"]["arousal"])  # a person is worse than the peer: there is no way to go
    assert np.isnan(found["way"]["dominance"])  # nobody rated it


def test_rows_of_the_peer_may_stand_in_any_order() -> None:
    utterances = rated()
    truth = ratings_of(utterances)
    own = dict.fromkeys((*ATTRIBUTES, "mean"), 0.5)
    ids, values = [u.id for u in utterances], truth + 0.5
    straight = yardsticks(own, truth, utterances, said(ids, values))
    turned = yardsticks(own, truth, utterances, said(ids[::-1], values[::-1]))
    assert turned["peer"]["valence"] == straight["peer"]["valence"]


def test_a_peer_that_lacks_utterances_is_refused() -> None:
    utterances = rated()
    truth = ratings_of(utterances)
    with pytest.raises(InputError, match="the peer has no prediction of 2 utterances that is scored, first u38"):
        yardsticks({}, truth, utterances, said([u.id for u in utterances[:38]], truth[:38]))


def test_without_a_peer_there_is_the_person_alone() -> None:
    utterances = rated()
    assert list(yardsticks({}, ratings_of(utterances), utterances)) == ["person"]
