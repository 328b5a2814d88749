from __future__ import annotations

from dataclasses import replace

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
