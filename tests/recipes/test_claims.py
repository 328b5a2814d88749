from __future__ import annotations

from dataclasses import replace

from evaluation import test_paired_targets as classes
from evaluation.test_comparison import FAMILY, SYSTEMS, UTTERANCES

from msftk.evaluation.comparison import compare_predictions
from msftk.recipes.claims import claims, scope

FACTS = {"role": "selected on", "left_out": 2, "ratings": "planted on synthetic speech"}


def said(**changed: object) -> list[str]:
    found = compare_predictions(SYSTEMS, UTTERANCES, FAMILY, draws=500, facts=FACTS)
    changed_one = replace(found, **changed)
    return [*claims(changed_one, "the first"), *scope(changed_one)]


def test_what_differs_is_claimed_and_what_does_not_is_not() -> None:
    worse, nearly, *_ = said()
    assert worse.startswith("bad scores lower than good in valence by 0.")
    assert "(p < 0.001)" in worse
    assert "no difference" not in worse
    assert nearly.startswith("No difference between same and good can be claimed in valence [-0.0")
    assert "scores" not in nearly


def test_how_far_it_reaches_is_said() -> None:
    *_, single, how, selected, left_out, ratings = said()
    assert single == "One run of same: of that checkpoint alone; another seed may turn it round."
    assert how.startswith("Intervals: 60 utterances of 12 speakers, drawn anew 500 times")
    assert selected.startswith("dev chose these checkpoints")
    assert left_out.startswith("2 utterances not predicted by all")
    assert ratings.startswith("Ratings are planted on synthetic speech")
    assert "9 speakers: it holds for others as far as these are like them." in said(clusters=9)
    held_out = said(facts={"role": "held out"})
    assert not any(sentence.startswith("dev") for sentence in held_out)


def test_of_single_runs_everything_is_about_checkpoints() -> None:
    single = {name: runs[:1] for name, runs in SYSTEMS.items()}
    found = compare_predictions(single, UTTERANCES, FAMILY, draws=200)
    assert any(sentence.startswith("One run a system") for sentence in scope(found))


def test_classes_have_a_sentence_of_their_own_and_different_ones_are_named() -> None:
    systems = {**classes.SYSTEMS, "of two": [classes.telling(1, 0.1, ("A", "H"))]}
    pairs = {"the first": [("bad", "good"), ("of two", "good")]}
    found = compare_predictions(systems, classes.UTTERANCES, pairs, draws=300)
    _, worse, of_two = claims(found, "the first")
    assert worse.startswith("bad scores lower than good in UAR of category by 0.")
    assert of_two.startswith("No difference between of two and good can be claimed in valence")
    assert "of two and good tell different classes of category: not compared in these." in scope(found)
    assert not any(sentence.startswith("bad and good tell") for sentence in scope(found))
