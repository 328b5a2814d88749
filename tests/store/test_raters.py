"""Ratings of single people, made out of columns."""

import pickle

import pyarrow as pa

from msftk.store.columns import schema
from msftk.store.raters import equal_are_one, rater_ratings
from msftk.types import RaterRating

ANN = {"rater": "ann", "valence": 1.0, "arousal": None, "dominance": 2.5, "category": "sad"}
BOB = {"rater": "bob", "valence": None, "arousal": None, "dominance": None, "category": None}
COLUMN = pa.array([[ANN, BOB], None, [], [ANN]], schema().field("rater_ratings").type)
MADE_ANN = RaterRating("ann", {"valence": 1.0, "dominance": 2.5}, "sad")
MADE = ((MADE_ANN, RaterRating("bob", {})), None, (), (MADE_ANN,))


def test_each_utterance_has_its_own_raters_blank_ratings_left_out() -> None:
    found = rater_ratings(COLUMN)
    assert [None if one is None else tuple(one) for one in found] == list(MADE)
    assert found == list(MADE)
    assert found[0] == found[0]
    assert found[0] != found[3]
    assert found[0] != "ann"


def test_they_are_counted_and_indexed_as_a_tuple() -> None:
    both = rater_ratings(COLUMN)[0]
    assert both is not None
    assert (len(both), both[-1], both[:1]) == (2, MADE[0][1], (MADE_ANN,))  # type: ignore[index]


def test_a_slice_of_a_column_has_its_own_rows() -> None:
    assert rater_ratings(COLUMN[2:]) == [(), (MADE_ANN,)]


def test_one_utterance_is_sent_without_the_others() -> None:
    both = rater_ratings(COLUMN)[0]
    assert pickle.loads(pickle.dumps(both)) == MADE[0]


def test_equal_texts_are_one_object() -> None:
    texts = pa.array(["a long text", None, "another", "a long text"])
    found = equal_are_one(texts)
    assert found == ["a long text", None, "another", "a long text"]
    assert found[0] is found[3]
    assert equal_are_one(texts, str.upper)[2] == "ANOTHER"
