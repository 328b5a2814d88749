"""`ablate`: every run of a grid once, whatever interrupts it, and the same tables in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_corpus import TINY, tiny_settings

from msftk.errors import InputError
from msftk.progress import Progress
from msftk.recipes.ablate import Ablation, ablate
from msftk.recipes.evaluate import evaluate
from msftk.recipes.grid import check_grid
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.store.features import Store
from msftk.store.manifest import Manifest

GRID = check_grid(
    {
        "row": [
            {"name": "baseline", "fusion": {"name": "none"}},
            {"name": "moe", "semantics": ["gs", "les"], "note": "two sources"},
            {"name": "random", "part": "controls", "against": "moe", "semantics": ["gs", "les"]}
            | {"emphasis": {"name": "random-word"}},
        ]
    },
    "test.toml",
)
SETTINGS = (*TINY, "training.epochs=1")


class Ablate:
    def __init__(self, corpus: Manifest, store: Store) -> None:
        self.corpus, self.store = corpus, store

    def __call__(self, out: Path, **changed: Any) -> Ablation:
        given = {"assignments": SETTINGS, "seeds": 2, "store": self.store, "device": "cpu"} | changed
        return ablate(given.pop("corpus", self.corpus), GRID, out, **given)


@pytest.fixture(scope="module")
def run(tone_corpus: Manifest, tone_store: Store) -> Ablate:
    return Ablate(tone_corpus, tone_store)


@pytest.fixture(scope="module")
def whole(run: Ablate, tmp_path_factory: pytest.TempPathFactory) -> Ablation:
    return run(tmp_path_factory.mktemp("ablate") / "whole")


def texts(done: Ablation) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(done.out.glob("table-*"))}


def test_each_run_is_the_run_that_train_makes_alone(
    whole: Ablation, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    settings = tiny_settings("training.epochs=1", "training.seed=1", 'semantics=["gs","les"]')
    alone = train(tone_corpus, settings, tmp_path / "alone", store=tone_store, device="cpu")
    within = RunFolder(whole.out / "moe" / "seed-1")
    for split in ("dev", "test"):
        np.testing.assert_array_equal(
            RunFolder(alone.run).read_predictions(split).values, within.read_predictions(split).values
        )
    assert evaluate(within.path, split="test").ccc == alone.evaluations["test"].ccc


def test_the_table_holds_the_mean_of_each_rows_runs(whole: Ablation) -> None:
    assert list(whole.tables) == ["test", "dev"]
    assert (whole.runs, whole.finished, whole.failures) == (6, 6, {})
    for row in whole.tables["test"].json["rows"]:
        scored = [evaluate(whole.out / row["name"] / f"seed-{seed}", split="test").ccc["mean"] for seed in range(2)]
        assert row["ccc"]["mean"]["value"] == pytest.approx(np.mean(scored))
        assert row["sd"]["mean"] == pytest.approx(np.std(scored, ddof=1))
    assert [row["over_above"] and row["over_above"]["row"] for row in whole.tables["test"].json["rows"]] == [
        *(None, "baseline", "moe")
    ]


def stopping(after: int) -> Iterator[None]:
    """Raises KeyboardInterrupt at the `after`-th step of training that is told."""
    for _ in range(after):
        yield
    raise KeyboardInterrupt


def test_interrupted_and_resumed_it_gives_the_same_tables(whole: Ablation, run: Ablate, tmp_path: Path) -> None:
    steps = stopping(7)  # of two steps and an epoch's end a run: within the third

    def stop(progress: Progress) -> None:
        if progress.metrics:
            next(steps)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", progress=stop)
    assert not list((tmp_path / "stopped").glob("table-*"))
    assert texts(run(tmp_path / "stopped")) == texts(whole)


def test_shards_train_each_run_once_and_the_last_makes_the_tables(whole: Ablation, run: Ablate, tmp_path: Path) -> None:
    first = run(tmp_path / "sharded", shard=(2, 2))
    assert (first.tables, first.runs, first.finished) == ({}, 6, 3)
    stamps = {path: path.stat().st_mtime_ns for path in first.out.rglob("protocol.json")}
    last = run(tmp_path / "sharded", shard=(1, 2))
    assert texts(last) == texts(whole)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())


def test_a_run_that_cannot_be_trained_is_reported_and_left_out(run: Ablate, tmp_path: Path) -> None:
    foreign = tmp_path / "out" / "moe" / "seed-1" / "mine.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("not a run")
    done = run(tmp_path / "out", rows=["baseline", "moe"])
    assert list(done.failures) == ["moe, seed 1"]
    assert "no run of msftk" in done.failures["moe, seed 1"]
    assert [row["runs"] for row in done.tables["test"].json["rows"]] == [2, 1]


def test_folds_give_the_mean_of_folds_beside_the_pooled_score(run: Ablate, tmp_path: Path) -> None:
    done = run(tmp_path / "folds", folds="session", rows=["baseline", "moe"], seeds=1)
    assert list(done.tables) == ["test", "dev"]
    for row in done.tables["test"].json["rows"]:
        scored = evaluate(done.out / row["name"] / "seed-0", split="test")
        assert row["mean_of_folds"]["valence"] == pytest.approx(scored.folds.mean["valence"])
        assert row["ccc"]["valence"]["value"] == pytest.approx(scored.ccc["valence"])
    assert done.tables["test"].json["over"] == "session"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"folds": "sesion"}, "row 'baseline': unknown folds 'sesion'"),
        ({"shard": (3, 2)}, "--shard 3/2: expected i/n"),
        ({"shard": (1, 9)}, "there are 6 runs"),
        ({"seeds": 0}, "--seeds 0"),
        ({"rows": ["mow", "baseline"]}, "unknown row 'mow'. Did you mean 'moe'"),
        ({"assignments": ("fusion.hidden=9",)}, "fusion.hidden is given for all rows"),
        ({"assignments": ("training.epochs=0",)}, "training.epochs is 0"),
        ({"assignments": ("loss.name=cross-entropy",)}, "row 'baseline': loss 'cross-entropy' learns classes"),
        (
            {"assignments": ('transforms=[{name="noise",folder="no/where"}]',)},
            "row 'baseline': no/where: no such folder",
        ),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_trained(
    run: Ablate, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        run(tmp_path / "out", **changed)
    assert not (tmp_path / "out").exists()


def test_empty_sides_and_shared_speakers_are_told_before_anything_is_trained(
    run: Ablate, tone_corpus: Manifest, tmp_path: Path
) -> None:
    def with_(**changed: object) -> Manifest:
        return replace(tone_corpus, utterances=tuple(replace(u, **changed) for u in tone_corpus.utterances))

    for corpus, folds, said in (
        (with_(session=None), "session", "no session"),
        (with_(session="one"), "session", r"found 1 session group \(one\), expected at least 3"),
        (with_(speaker="one"), None, "1 speaker is in both train and dev: one"),
        (with_(split="train"), None, "split 'dev' has no rated utterance"),
    ):
        with pytest.raises(InputError, match=f"row 'baseline': .*{said}"):
            run(tmp_path / "out", corpus=corpus, folds=folds)
    assert not (tmp_path / "out").exists()


def test_runs_of_other_settings_are_not_gone_on_with(whole: Ablation, run: Ablate) -> None:
    with pytest.raises(InputError, match="a finished run with other settings"):
        run(whole.out, assignments=(*TINY, "training.epochs=2"))
