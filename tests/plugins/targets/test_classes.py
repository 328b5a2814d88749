"""Classes as targets: which there are, what is left out, and what their scores are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from msftk import testing
from msftk.errors import InputError, UnknownNameError
from msftk.registry import registry
from msftk.types import RaterRating, Utterance

UTTERANCES = [
    Utterance(f"u{k}", None, category=category, gender=gender, ratings={"valence": 2.0})
    for k, (category, gender) in enumerate([("H", "Male"), ("A", "Female"), ("X", None), ("O", "Male"), (None, "Male")])
]


@pytest.mark.parametrize("name", ["category", "gender"])
def test_they_keep_the_contract(name: str) -> None:
    testing.check_target(name, UTTERANCES)


def test_other_and_no_agreement_are_classes_only_where_asked_for() -> None:
    without, with_them = (
        registry().create("target", "category"),
        registry().create("target", "category", {"leave_out": []}),
    )
    assert without.columns(UTTERANCES) == ("A", "H")
    assert with_them.columns(UTTERANCES) == ("A", "H", "O", "X")
    assert all(map(math.isnan, without.read(UTTERANCES[2], ("A", "H"))))
    assert with_them.read(UTTERANCES[2], ("A", "H", "O", "X")) == [0, 0, 0, 1]


def test_classes_are_left_out_of_any_column_and_must_be_there() -> None:
    target = registry().create("target", "category", {"leave_out": ["A"]})
    target.check(UTTERANCES)
    assert target.columns(UTTERANCES) == ("H", "O", "X")
    registry().create("target", "category").check(UTTERANCES)  # nobody is `other`, which the default names too
    with pytest.raises(UnknownNameError, match=r"no utterance has gender 'Mail'\. Did you mean 'Male'"):
        registry().create("target", "gender", {"leave_out": ["Mail"]}).check(UTTERANCES)


def test_a_corpus_without_the_column_is_told() -> None:
    with pytest.raises(InputError, match="have none for a gender, and a class target needs two"):
        registry().create("target", "gender").columns([Utterance("u", None, category="A")])


def test_scores_are_mean_recall_and_macro_f1_over_classes_that_are_there() -> None:
    target = registry().create("target", "category")
    truth = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [np.nan] * 3])
    outputs = {"value": np.array([[2, 1, 0], [2, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 9.0]])}
    scores = target.scores(outputs, truth, ("A", "H", "S"))
    assert scores == pytest.approx({"uar": (2 / 3 + 1) / 2, "macro_f1": (4 / 5 + 2 / 3) / 2, "accuracy": 3 / 4})
    counts = target.confusion(outputs, truth, ("A", "H", "S"))
    assert counts == {"A": {"A": 2, "H": 1, "S": 0}, "H": {"A": 0, "H": 1, "S": 0}, "S": dict.fromkeys("AHS", 0)}
    assert all(map(math.isnan, target.scores(outputs, np.full((5, 3), np.nan), ("A", "H", "S")).values()))


def test_probabilities_stand_beside_the_class() -> None:
    outputs = {"value": np.array([[1.0, 3.0, np.nan], [800.0, -800.0, 0.0]])}  # NaN: not known to that model
    said = registry().create("target", "category").predicted(outputs, ("A", "H", "S"))
    assert said["category"] == ["H", "A"]
    odds = math.exp(-2)
    np.testing.assert_allclose(said["category_p_A"], [odds / (1 + odds), 1])
    np.testing.assert_allclose(said["category_p_S"], [0, 0])


def test_what_raters_named_is_taught_and_what_was_agreed_is_scored() -> None:
    def rated(category: str | None, *named: str | None) -> Utterance:
        people = tuple(RaterRating(f"r{k}", {}, one) for k, one in enumerate(named))
        return Utterance(category or "x", None, category=category, rater_ratings=people or None)

    corpus = [rated("A", "A", "A", "H", None, "other"), rated(None, "A", "H"), rated("H"), rated("H", "other")]
    target = registry().create("target", "category", {"labels": "raters"})
    target.check(corpus)
    columns = target.columns(corpus)
    assert columns == ("A", "H")
    np.testing.assert_allclose(target.taught(corpus, columns), [[2 / 3, 1 / 3], [0.5, 0.5], [0, 1], [0, 1]])
    np.testing.assert_array_equal(target.truth(corpus, columns), [[1, 0], [math.nan, math.nan], [0, 1], [0, 1]])
    agreed = registry().create("target", "category")
    np.testing.assert_array_equal(agreed.taught(corpus, columns), agreed.truth(corpus, columns))
    with pytest.raises(InputError, match="no rater of the corpus names a class"):
        target.check(UTTERANCES)
