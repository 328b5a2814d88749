"""A split is cut into parts that hold every utterance once, and each part is scored as if it stood alone."""

from __future__ import annotations

import numpy as np
import pytest

from msftk.errors import UnknownNameError
from msftk.evaluation.attributes import ccc_by_attribute, ci95_by_attribute
from msftk.evaluation.scores import ratings_of
from msftk.evaluation.slices import SLICES, parts_of, score_slices
from msftk.types import ATTRIBUTES, RaterRating, Utterance


def corpus(n: int = 60) -> list[Utterance]:
    random = np.random.default_rng(6)
    utterances = []
    for row in range(n):
        ratings = dict(zip(ATTRIBUTES, random.uniform(1, 7, 3).tolist(), strict=True))
        spread = 0.2 + row / n
        utterances.append(
            Utterance(
                f"u{row}",
                None,
                speaker=f"s{row % 6}",
                gender=("Female", "Male", None)[row % 3],
                category=("sad", "happy", None, "angry")[row % 4],
                transcript="so" if row % 2 else None,
                ratings=ratings,
                rater_ratings=tuple(
                    RaterRating(f"r{k}", {a: v + (k - 1) * spread for a, v in ratings.items()}) for k in range(row % 4)
                ),
                duration_s=None if row == 7 else 0.5 + row / 5,
            )
        )
    return utterances


@pytest.mark.parametrize("by", SLICES)
def test_every_utterance_is_in_one_part(by: str) -> None:
    parts = parts_of(corpus(), by)
    assert len(parts) > 1
    np.testing.assert_array_equal(np.sum(list(parts.values()), axis=0), np.ones(60))


def test_parts_stand_in_a_readable_order_and_the_unknown_last() -> None:
    assert list(parts_of(corpus(), "gender")) == ["Female", "Male", "unknown"]
    assert list(parts_of(corpus(), "category")) == ["angry", "happy", "sad", "unknown"]
    assert list(parts_of(corpus(), "duration")) == ["under 2 s", "2 to 4 s", "4 to 8 s", "8 s or more", "unknown"]
    assert list(parts_of(corpus(), "missing")) == ["audio, alignment", "audio, transcript, alignment"]


def test_an_edge_belongs_to_the_longer_part() -> None:
    lengths = [1.999, 2.0, 3.999, 4.0, 8.0]
    parts = parts_of([Utterance(f"{s}", None, duration_s=s) for s in lengths], "duration")
    assert {name: int(rows.sum()) for name, rows in parts.items()} == {
        "under 2 s": 1,
        "2 to 4 s": 2,
        "4 to 8 s": 1,
        "8 s or more": 1,
    }


def test_raters_that_differ_more_are_in_a_later_third_and_too_few_raters_are_unknown() -> None:
    utterances = corpus()
    parts = parts_of(utterances, "rater-spread")
    low, middle, high, unknown = parts.values()
    assert {len(u.rater_ratings or ()) for u, one in zip(utterances, unknown, strict=True) if one} == {0, 1}

    def spreads(rows: np.ndarray) -> list[float]:
        return [np.std([r.ratings["valence"] for r in utterances[row].rater_ratings]) for row in np.flatnonzero(rows)]

    assert max(spreads(low)) <= min(spreads(middle)) <= max(spreads(middle)) <= min(spreads(high))
    assert abs(low.sum() - high.sum()) <= 1
    edge = float(next(iter(parts)).removeprefix("sd under "))
    assert max(spreads(low)) - 0.01 < edge < min(spreads(middle)) + 0.01


def test_raters_who_all_agree_make_one_part() -> None:
    same = tuple(RaterRating(f"r{k}", {"valence": 3.0}) for k in range(2))
    assert len(parts_of([Utterance(f"{k}", None, rater_ratings=same) for k in range(9)], "rater-spread")) == 1


def test_a_part_is_scored_as_if_it_stood_alone() -> None:
    utterances = corpus()
    truth = ratings_of(utterances)
    values = truth + np.random.default_rng(0).normal(0, 1, truth.shape)
    labels = [u.speaker or "" for u in utterances]
    found = score_slices(values, truth, labels, utterances, "gender")
    rows = [row for row, u in enumerate(utterances) if u.gender == "Male"]
    assert found["Male"].n == len(rows) == 20
    assert found["Male"].ccc == ccc_by_attribute(values[rows], truth[rows])
    assert found["Male"].ci95 == ci95_by_attribute(values[rows], truth[rows], [labels[row] for row in rows])
    assert np.isfinite(found["Male"].ci95["mean"]).all()


def test_an_unknown_slice_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"--by lenght: unknown. .*Known: gender, speaker, duration"):
        parts_of(corpus(), "lenght")
