"""A second target beside the ratings, and heads from another package that say what their outputs are."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from outside import targets
from small_corpus import tiny_settings

from msftk import testing
from msftk.errors import InputError, UnknownNameError
from msftk.evaluation.averages import mean_of_rows
from msftk.evaluation.predictions import pooled, read_predictions
from msftk.recipes.evaluate import evaluate
from msftk.recipes.predict import load
from msftk.recipes.prediction_table import table_columns
from msftk.recipes.report import write_report
from msftk.recipes.train import train
from msftk.registry import registry
from msftk.runs.folder import RunFolder
from msftk.settings import Component
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training.objective import make_objective
from msftk.types import ATTRIBUTES, RaterRating, RatingScale, Utterance


@pytest.fixture(scope="module", autouse=True)
def _outside() -> Iterator[None]:
    """The package is installed while these tests run."""
    found = registry()
    before = dict(found._plugins)
    found.add(targets, "outside 1.0")
    yield
    found._plugins = before
    found._manager.unregister(targets)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Manifest, tone_store: Store) -> Path:
    folder = tmp_path_factory.mktemp("two") / "run"
    settings = tiny_settings(targets=("vad", "category"))
    train(tone_corpus, settings, folder, store=tone_store, device="cpu")
    return folder


def test_both_targets_learn_and_are_kept(run: Path) -> None:
    said = read_predictions(run / "predictions" / "test.parquet")
    assert said.values.shape == (8, 3)
    assert said.others["category"].columns == ("calm", "excited")
    assert said.others["category"].outputs["value"].shape == (8, 2)
    assert said.contributions.shape == (8, 3, 3)  # routes of the ratings alone


def test_its_score_stands_under_its_own_name(run: Path, msftk: Callable) -> None:
    scored = evaluate(run, split="test")
    assert set(scored.targets) == {"category"}
    assert 0 <= scored.targets["category"]["uar"] <= 1
    ended = msftk("evaluate", run, "--split", "test", "--json")
    assert json.loads(ended.out)["targets"] == scored.targets
    (counts,) = json.loads(ended.out)["confusion"].values()
    assert sum(n for said in counts.values() for n in said.values()) == scored.n
    shown = msftk("evaluate", run, "--split", "test").out
    assert "UAR" in shown
    assert "category, rated (said)" in shown


def test_its_classes_stand_on_the_page(run: Path, tone_store: Store, tmp_path: Path) -> None:
    page = write_report(run, tmp_path / "page.html", store=tone_store.root).read_text()
    table = page.split('id="confusion-category"')[1].split("</table>")[0]
    (counts,) = evaluate(run, split="test").confusion.values()
    rows = [[int(cell) for cell in re.findall(r">(\d+)</td>", row)] for row in table.split("<tr>")[2:]]
    assert rows == [[*said.values(), sum(said.values())] for said in counts.values()]
    assert "<td>targets.category.leave_out</td><td>O, X, other</td>" in page


def test_its_column_is_in_the_table(run: Path, tone_corpus: Manifest, tone_store: Store, msftk: Callable) -> None:
    audio, out = tone_corpus.utterances[0].audio, run.parent / "said.csv"
    ended = msftk("predict", run, audio, "--out", out, "--store", tone_store.root)
    assert ended.code == 0, ended.err
    (row,) = csv.DictReader(out.open())
    assert list(row)[:8] == ["id", *ATTRIBUTES, "category", "category_p_calm", "category_p_excited", "scale"]
    calm, excited = float(row["category_p_calm"]), float(row["category_p_excited"])
    assert calm + excited == pytest.approx(1)
    assert row["category"] == ("calm" if calm > excited else "excited")


def test_a_target_keeps_its_options(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    settings = tiny_settings("training.epochs=1", 'targets=["vad",{name="beyond",point=2}]')
    done = train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    assert 'targets = ["vad", {name = "beyond", point = 2}]' in (tmp_path / "run" / "settings.toml").read_text()
    (model,) = load(done.run).ensemble.models
    assert model.network.targets["beyond"].target.options.point == 2  # type: ignore[attr-defined]
    assert model.settings.targets == settings.targets
    card = json.loads((tmp_path / "run" / "protocol.json").read_text())
    assert card["settings"]["targets"] == [
        {"name": "vad", "weight": 1.0},
        {"name": "beyond", "weight": 1.0, "point": 2.0},
    ]
    assert card["packages"]["targets.beyond"] == "outside 1.0"


def test_a_target_has_its_own_weight_loss_and_head(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    chosen = '{name="category",leave_out=[],weight=0.3,loss={name="cross-entropy",class_weights="inverse"}}'
    settings = tiny_settings("training.epochs=1", f'targets=["vad",{chosen}]')
    done = train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    (model,) = load(done.run).ensemble.models
    assert model.settings.targets == settings.targets
    objective = make_objective(model.settings, model.network.targets)
    assert objective.weights == {"vad": 1.0, "category": 0.3}
    assert RunFolder(tmp_path / "run").read_card()["classes"] == {"category": {"calm": 6, "excited": 6}}
    assert objective.losses["category"].options.class_weights == "inverse"  # type: ignore[attr-defined]
    assert type(objective.losses["vad"]) is not type(objective.losses["category"])


def test_rare_classes_of_training_weigh_more(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    rare = [replace(u, category="calm" if u.id.endswith("_0") else "excited") for u in tone_corpus.utterances]
    losses = []
    for weights in ("none", "inverse"):
        loss = f'loss={{name="cross-entropy",class_weights="{weights}"}}'
        settings = tiny_settings("training.epochs=1", f'targets=["vad",{{name="category",{loss}}}]')
        train(replace(tone_corpus, utterances=rare), settings, tmp_path / weights, store=tone_store, device="cpu")
        losses.append(json.loads((tmp_path / weights / "metrics.jsonl").read_text())["train_loss"])
    assert abs(losses[0] - losses[1]) > 1e-4


def test_shares_of_raters_are_learned_where_they_are_asked_for(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    def said(u: Utterance) -> Utterance:
        return replace(u, rater_ratings=tuple(RaterRating(k, {}, c) for k, c in (("a", "calm"), ("b", "excited"))))

    corpus = replace(tone_corpus, utterances=tuple(map(said, tone_corpus.utterances)))
    losses = []
    for name, labels in (("shares", ',labels="raters"'), ("named", "")):
        settings = tiny_settings("training.epochs=1", f'targets=["vad",{{name="category"{labels}}}]')
        train(corpus, settings, tmp_path / name, store=tone_store, device="cpu")
        losses.append(json.loads((tmp_path / name / "metrics.jsonl").read_text())["train_loss"])
    assert abs(losses[0] - losses[1]) > 1e-4
    card = RunFolder(tmp_path / "shares").read_card()
    rated = card["splits"]["train"]
    assert card["classes"] == {"category": {"calm": rated / 2, "excited": rated / 2}}


def test_what_a_target_names_is_checked_before_a_run_is_begun(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    def refused(chosen: str, error: type[InputError], message: str) -> None:
        with pytest.raises(error, match=message):
            train(tone_corpus, tiny_settings(f'targets=["vad",{chosen}]'), tmp_path / "run", store=tone_store)
        assert not (tmp_path / "run").exists()

    category = 'name="category"'
    refused(
        f'{{{category},leave_out=["clam"]}}', UnknownNameError, "no utterance has category 'clam'. Did you mean 'calm'"
    )
    refused(f'{{{category},loss="cros-entropy"}}', UnknownNameError, "unknown loss 'cros-entropy'")
    refused(
        f'{{{category},loss={{name="cross-entropy",fokal=1}}}}',
        UnknownNameError,
        r"'loss\.fokal'. Did you mean 'focal'",
    )
    refused(f'{{{category},head={{name="classes",hidden=1}}}}', UnknownNameError, r"unknown option 'head\.hidden'")
    refused(
        f'{{{category},head="regression"}}', InputError, "head 'regression' gives ratings, and target 'category' is"
    )
    message = "loss 'ccc' learns ratings, and target 'category' is of classes. Take one of: cross-entropy."
    refused(f'{{{category},loss="ccc"}}', InputError, message)
    refused(f"{{{category},weight=-1}}", InputError, r"targets\.category\.weight is -1")


def test_a_fold_that_a_sampler_leaves_nobody_is_told_before_any_is_begun(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    def of_session(u: Utterance) -> Utterance:
        return replace(u, category="calm" if u.session == "session3" else "excited")

    corpus = replace(tone_corpus, utterances=tuple(map(of_session, tone_corpus.utterances)))
    for left_out, message in (("excited", "leaves no utterance"), ("exited", "Did you mean 'excited'")):
        settings = tiny_settings("sampler.name=class-undersampling", f'sampler.leave_out=["{left_out}"]')
        with pytest.raises(InputError, match=message):
            train(corpus, settings, tmp_path / "run", store=tone_store, folds="session")
        assert not (tmp_path / "run").exists()


def test_a_wrong_option_of_a_target_is_told_by_its_path() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown option 'targets\.beyond\.pint'\. Did you mean 'point'\?"):
        tiny_settings('targets=["vad",{name="beyond",pint=2}]')
    with pytest.raises(InputError, match=r"targets\.beyond\.point is 'x'"):
        tiny_settings('targets=["vad",{name="beyond",point="x"}]')


def test_a_target_stands_once(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'category' stands there twice"):
        train(tone_corpus, tiny_settings("targets=vad,category,category"), tmp_path / "run", store=tone_store)


def test_folds_that_know_other_classes_are_pooled(run: Path) -> None:
    said = read_predictions(run / "predictions" / "test.parquet")
    own = said.others["category"]
    both = pooled([said, replace(said, others={"category": replace(own, columns=("excited", "angry"))})])
    assert both.others["category"].columns == ("calm", "excited", "angry")
    logits, before = both.others["category"].outputs["value"], own.outputs["value"]
    np.testing.assert_array_equal(logits[8:, 1:], before)
    assert np.isnan(logits[8:, 0]).all()  # this fold does not know it
    assert set(table_columns(both)["category"][8:]) <= {"excited", "angry"}  # type: ignore[arg-type]
    mean = mean_of_rows(both, both.ids).others["category"].outputs["value"]
    np.testing.assert_allclose(mean, np.stack([before[:, 0], before.mean(axis=1), before[:, 1]], axis=1))


def test_the_ratings_come_first(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the first must be ratings\. Write e\.g\. targets = \[\"vad\"\]"):
        train(tone_corpus, tiny_settings(targets=("category",)), tmp_path / "run", store=tone_store)


def test_shipped_and_outside_targets_and_heads_keep_their_contracts(tone_corpus: Manifest) -> None:
    testing.check_target("vad", tone_corpus.utterances)
    testing.check_target("category", tone_corpus.utterances)
    for head in ("regression", "classes", "normal-gamma", "of-mixed"):
        testing.check_head(head)


@pytest.mark.parametrize("head", ["normal-gamma", "of-mixed"])
def test_outputs_come_back_on_their_scales(head: str, tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    settings = tiny_settings("training.epochs=1").model_copy(update={"head": Component(name=head)})
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    said = read_predictions(tmp_path / "run" / "predictions" / "test.parquet")
    if head == "of-mixed":
        assert np.isnan(said.contributions).all()  # one vector, so no parts
        assert np.isfinite(said.values).all()
        return
    assert set(said.extra) == {"spread", "nu", "alpha", "beta"}
    assert said.extra["alpha"].min() > 1  # as the head gave it
    ensemble = load(tmp_path / "run").ensemble
    tested = [u for u in tone_corpus.utterances if u.split == "test"]
    unit = ensemble.predict(tested, ensemble.preparations(tone_store), scale=RatingScale(0, 1)).predictions
    np.testing.assert_allclose(said.extra["spread"], 6 * unit.extra["spread"], rtol=1e-5)  # stretched, not shifted
    np.testing.assert_allclose(said.values, 1 + 6 * unit.values, rtol=1e-5)
    np.testing.assert_allclose(said.extra["alpha"], unit.extra["alpha"], rtol=1e-5)
    np.testing.assert_allclose(
        said.contributions.sum(axis=1) + said.scale.low, said.values, atol=1e-4
    )  # the value is linear in the experts


def test_an_attribute_that_nobody_rated_is_not_predicted(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path, msftk: Callable
) -> None:
    unrated = [
        replace(u, rater_ratings=None, ratings={a: u.ratings[a] for a in ("valence", "arousal")} if u.ratings else None)
        for u in tone_corpus.utterances
    ]
    corpus, run = replace(tone_corpus, utterances=tuple(unrated)), tmp_path / "run"
    done = train(corpus, tiny_settings("training.epochs=1"), run, store=tone_store, device="cpu")
    scored = done.evaluations["test"]
    assert scored.attributes == ("valence", "arousal")
    assert scored.ccc["mean"] == pytest.approx((scored.ccc["valence"] + scored.ccc["arousal"]) / 2)
    assert scored.json()["ccc"]["dominance"] is None
    assert np.isfinite(scored.ci95["mean"]).all()

    shown = msftk("evaluate", run, "--split", "test").out
    assert "dominance" not in shown.replace("without rated dominance", "")
    audio = [u.audio for u in corpus.utterances[:2]]
    said = msftk("predict", run, *audio, "--json", "--store", tone_store.root)
    assert list(json.loads(said.out)["predictions"][0])[:4] == ["id", "valence", "arousal", "sources"]
    assert "dominance" not in msftk("predict", run, *audio, "--store", tone_store.root).out
    out = tmp_path / "said.csv"
    assert msftk("predict", run, *audio, "--out", out, "--store", tone_store.root).code == 0
    assert out.read_text().splitlines()[0].startswith("id,valence,arousal,scale,clipped,sources,")
    page = write_report(run, tmp_path / "page.html", store=tone_store.root).read_text()
    assert page.count('<th class="number">dominance</th>') == 0
    assert page.count('<th class="number">arousal</th>') > 0
