from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_corpus import tiny_settings

from msftk import testing
from msftk.errors import InputError
from msftk.evaluation.predictions import read_predictions
from msftk.recipes.train import train
from msftk.settings import Component
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, RaterRating, Utterance
from msftk_plugins.targets.raters import Raters

RATED = (
    Utterance("a", None, ratings={"valence": 2.0}, rater_ratings=(RaterRating("x", {"valence": 1.0, "arousal": 4.0}),)),
    Utterance(
        "b", None, ratings={"valence": 3.0}, rater_ratings=tuple(RaterRating(k, {"valence": 3.0}) for k in "xyz")
    ),
    Utterance("c", None, ratings={"arousal": 5.0}),
    Utterance("d", None),
)


def test_it_keeps_the_contract_of_targets(tone_corpus: Manifest) -> None:
    testing.check_target("raters", tone_corpus.utterances)


def test_every_rating_is_there_and_a_mean_where_there_is_nobody() -> None:
    truth = Raters(Raters.Options()).truth(RATED, ("valence", "arousal"))
    nan = np.nan
    expected = [[[1, nan, nan], [4, nan, nan]], [[3, 3, 3], [nan] * 3], [[nan] * 3, [5, nan, nan]], [[nan] * 3] * 2]
    np.testing.assert_array_equal(truth, np.array(expected, float))


def test_a_corpus_without_single_ratings_is_refused(tone_corpus: Manifest) -> None:
    without = [replace(u, rater_ratings=None) for u in tone_corpus.utterances]
    with pytest.raises(InputError, match=r"no ratings of single people .* targets = \[\"vad\"\]"):
        Raters(Raters.Options()).columns(without)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Manifest, tone_store: Store) -> Path:
    folder = tmp_path_factory.mktemp("raters") / "run"
    chosen = {"head": Component(name="evidential"), "loss": Component(name="evidential")}
    settings = tiny_settings("training.epochs=3", targets=("raters",)).model_copy(update=chosen)
    train(tone_corpus, settings, folder, store=tone_store, device="cpu")
    return folder


def test_people_teach_a_prediction_and_how_sure_it_is(run: Path, msftk: Callable) -> None:
    said = read_predictions(run / "predictions" / "test.parquet")
    assert set(said.extra) == {"nu", "alpha", "beta", "aleatoric", "epistemic"}
    assert (said.extra["aleatoric"] > 0).all()
    assert (said.extra["aleatoric"] < 6).all()
    printed = msftk("evaluate", run, "--split", "test")
    assert printed.code == 0, printed.err


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (("loss.name=evidential",), "reads nu, alpha, beta, which head 'regression' does not give"),
        (('targets=["raters"]',), "loss 'ccc' reads one rating of an utterance, and target 'raters' gives every"),
    ],
)
def test_what_does_not_belong_together_is_told(
    sets: tuple[str, ...], message: str, tone_corpus: Manifest, tone_store: Store, tmp_path: Path, msftk: Callable
) -> None:
    settings = tiny_settings(*sets)
    with pytest.raises(InputError, match=message):
        train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")


def test_both_are_one_model_for_every_attribute() -> None:
    assert Raters(Raters.Options()).columns(RATED) == ("valence", "arousal")
    assert set(ATTRIBUTES) > {"valence", "arousal"}
