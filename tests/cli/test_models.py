"""`msftk models list|show`, and --model and --init where a user gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ended
from published_models import write_published

from msftk.store.manifest import Manifest, write_manifest
from msftk.types import ATTRIBUTES

MSFTK = Callable[..., Ended]
SOUNDS = sorted((Path(__file__).parents[2] / "msftk" / "demo" / "prompts" / "audio").iterdir())[:2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published("msp-lab", tmp_path_factory.mktemp("published") / "lab")


def test_list_tells_each_model_with_order_limits_and_licence(msftk: MSFTK) -> None:
    shown = msftk("models", "list")
    assert shown.code == 0, shown.err
    row = next(line for line in shown.out.splitlines() if line.startswith("vox-profile "))
    assert row.split()[:4] == ["vox-profile", "AVD", "3-15", "s"]
    known = {one["name"]: one for one in json.loads(msftk("models", "list", "--json").out)}
    assert known["audeering-dim"]["attributes"] == ["arousal", "dominance", "valence"]
    assert known["audeering-dim"]["id"] == "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"
    assert known["msp-lab"]["licence"] == "MIT"


def test_show_tells_what_is_known_of_one(msftk: MSFTK, folder: Path) -> None:
    shown = msftk("models", "show", "vox-profile-whisper")
    assert "published order: arousal, valence, dominance" in shown.out
    assert "heard: 3 to 15 s at once" in shown.out
    shown = msftk("models", "show", folder)
    assert "says something else in a padded batch" in shown.out
    assert json.loads(msftk("models", "show", folder, "--json").out)["config"]["model_type"] == "ser"
    refused = msftk("models", "show", "audeering-dimm")
    assert (refused.code, refused.out) == (2, "")
    assert "Did you mean 'audeering-dim'?" in refused.err


def test_predict_needs_no_run_folder(msftk: MSFTK, folder: Path) -> None:
    shown = msftk("predict", "--model", folder, *SOUNDS, "--json")
    assert shown.code == 0, shown.err
    said = json.loads(shown.out)
    assert said["scale"] == [0, 1]
    assert said["clipped"] is False
    assert shown.err.count("licence of") == 1
    nothing = msftk("predict", "--model", folder, "--json", "none.wav")
    assert nothing.code == 2


def test_an_option_of_a_layout_is_set_where_a_model_is_named(msftk: MSFTK, folder: Path) -> None:
    def said(*given: object) -> list[float]:
        shown = msftk("predict", "--model", folder, SOUNDS[0], "--json", *given)
        assert shown.code == 0, shown.err
        values: list[float] = [json.loads(shown.out)["predictions"][0][a] for a in ATTRIBUTES]
        return values

    padded = said("--set", "model.padding_frames=true")
    assert 0 < max(abs(one - other) for one, other in zip(said(), padded, strict=True)) < 0.1
    unknown = msftk("predict", "--model", folder, "--set", "model.padding=true", SOUNDS[0])
    assert (unknown.code, unknown.out) == (2, "")
    assert "unknown option 'model.padding'. Did you mean 'padding_frames'?" in unknown.err
    other = msftk("evaluate", "--model", folder, "M.parquet", "--set", "fusion.hidden=3")
    assert other.code == 2
    assert "only those of a published model may be set" in other.err


def test_two_models_need_to_be_combined(msftk: MSFTK, folder: Path) -> None:
    refused = msftk("predict", "--model", folder, "--model", folder, *SOUNDS)
    assert refused.code == 2
    assert "Add --combine mean" in refused.err
    twice = msftk("predict", "--model", folder, "--model", folder, *SOUNDS, "--combine", "mean", "--json")
    once = msftk("predict", "--model", folder, *SOUNDS, "--json")
    assert json.loads(twice.out)["predictions"] == json.loads(once.out)["predictions"]


def test_evaluate_tells_licence_and_whose_choice_it_was(
    msftk: MSFTK, folder: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    write_manifest(tone_corpus, tmp_path / "tones.parquet")
    shown = msftk("evaluate", "--model", folder, tmp_path / "tones.parquet", "--split", "test")
    assert shown.code == 0, shown.err
    assert "held out" in shown.out
    assert "chosen by its publisher" in shown.out
    assert "seed None" not in shown.out
    assert shown.err.count("licence of") == 1
    assert "Train more epochs" not in shown.out
    both = msftk("evaluate", "--model", folder, tmp_path / "tones.parquet", tmp_path / "tones.parquet")
    assert both.code == 2


def test_evaluate_tells_the_licence_of_each_that_takes_part(
    msftk: MSFTK, tiny_run: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    write_manifest(tone_corpus, tmp_path / "tones.parquet")
    small = write_published("wav2small", tmp_path / "small")
    given = ("--model", small, tmp_path / "tones.parquet", "--split", "test", "--combine", "mean", "--json")
    shown = msftk("evaluate", tiny_run, *given)
    assert shown.code == 0, shown.err
    assert f"licence of {small}: CC BY-NC-SA 4.0" in shown.err
    assert list(json.loads(shown.out)["protocol"]["licences"]) == [str(small)]
