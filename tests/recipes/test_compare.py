"""`compare`: what runs keep, on the same utterances and ratings or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from recipes.test_systems import run_of

from msftk.errors import InputError, UnknownNameError
from msftk.evaluation.predictions import write_predictions
from msftk.recipes.compare import compare
from msftk.recipes.evaluate import evaluate
from msftk.runs.folder import RunFolder
from msftk.store.manifest import write_manifest


@pytest.fixture
def pair(tiny_run: Path, tmp_path: Path) -> tuple[Path, Path]:
    return tiny_run, run_of(tiny_run, tmp_path / "film", fusion={"name": "film"})


def test_scores_are_those_of_evaluate_and_equal_predictions_do_not_differ(pair: tuple[Path, Path]) -> None:
    found = compare(pair, "test", draws=200)
    first, _ = found.systems.values()
    scored = evaluate(pair[0], split="test")
    assert {name: one.value for name, one in first.ccc.items()} == pytest.approx(scored.ccc)
    (difference,) = found.differences
    assert difference.by["mean"].value == 0
    assert difference.holm["mean"] == 1
    assert found.facts["role"] == "held out"
    assert compare(pair, "dev", draws=200).facts["role"] == "selected on"
    assert compare(pair, draws=200).facts["split"] == "test"


def test_other_utterances_are_compared_only_when_asked(pair: tuple[Path, Path]) -> None:
    run = RunFolder(pair[1])
    said = run.read_predictions("test")
    write_predictions(said.of(said.ids[1:]), run.predictions_file("test"))
    with pytest.raises(InputError, match=r"1 only by the first, .* --intersection"):
        compare(pair, "test")
    found = compare(pair, "test", intersection=True, draws=200)
    assert (found.n, found.facts["left_out"]) == (7, 1)


def test_other_ratings_are_refused(pair: tuple[Path, Path], tiny_run: Path) -> None:
    run = RunFolder(pair[1])
    manifest = run.read_manifest()
    changed = [replace(u, ratings={"valence": 7.0}) if u.id == "s5_0" else u for u in manifest.utterances]
    write_manifest(replace(manifest, utterances=tuple(changed)), run.manifest_file)
    card = run.read_card()
    run.write_card({**card, "manifest": "another"})
    with pytest.raises(InputError, match="other ratings of s5_0"):
        compare(pair, "test")


def test_one_system_and_an_unknown_split_are_told(pair: tuple[Path, Path], tmp_path: Path) -> None:
    again = run_of(pair[0], tmp_path / "again", training={"seed": 5})
    with pytest.raises(InputError, match="these runs differ in the seed alone"):
        compare([pair[0], again])
    with pytest.raises(UnknownNameError, match=r"split 'tets'. Did you mean 'test'\?"):
        compare(pair, "tets")
