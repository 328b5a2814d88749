"""What cannot be exported is told before anything is written; that numbers agree stands in runs/test_graph.py."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from small_corpus import TINY

from msftk.errors import InputError
from msftk.recipes.export import export
from msftk.recipes.predict import load
from msftk.recipes.train import train
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest


def test_a_run_or_a_published_model_is_named(tiny_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--model msp-lab: beside run .*. Export one of them at a time"):
        export(tiny_run, tmp_path / "model.onnx", model="msp-lab")
    with pytest.raises(InputError, match=r"nothing to export. Name the folder"):
        export(None, tmp_path / "model.onnx")
    with pytest.raises(InputError, match=r"unknown model 'msp-lob'. Did you mean 'msp-lab'"):
        export(None, tmp_path / "model.onnx", model="msp-lob")
    with pytest.raises(InputError, match=r"--value de: this run's encoder did not learn by a column"):
        export(tiny_run, tmp_path / "model.onnx", "de")
    assert not list(tmp_path.iterdir())


def test_another_suffix_is_refused(tiny_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model.pt: expected a file that ends in .onnx"):
        export(tiny_run, tmp_path / "model.pt")


@pytest.mark.slow  # 10 s
def test_weights_that_are_too_many_for_one_file_stand_beside(
    tiny_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "torch.onnx._internal.exporter._onnx_program._LARGE_MODEL_THRESHOLD"
    with monkeypatch.context() as smaller:
        smaller.setattr(place, 0)
        made = export(tiny_run, tmp_path / "model.onnx")
    assert [file.name for file in made.files] == ["model.onnx", "model.json", "model.onnx.data"]
    found, expected = (
        load(run, "cpu").predict(tone_corpus, store=tone_store).predictions.values for run in (made.model, tiny_run)
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    again = export(tiny_run, tmp_path / "model.onnx")
    assert [file.name for file in again.files] == ["model.onnx", "model.json"]
    assert again.n_bytes > 0.9 * made.n_bytes


@pytest.mark.parametrize("name", ["model.onnx", "model.json", "model.text", "model.onnx.data"])
def test_what_is_no_earlier_export_is_left_alone(tiny_run: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=rf"{name}: is there, and belongs to no model that msftk export wrote"):
        export(tiny_run, tmp_path / "model.onnx")
    assert (tmp_path / name).read_text() == "mine"


def test_a_missing_package_names_its_extra_and_leaves_nothing(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r"pip install 'msftk\[export\]'"):
        export(tiny_run, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_run_without_sound_is_not_exported(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    tiny = [one for one in TINY if not one.startswith("acoustic")]
    silent = [*tiny, "acoustic.name=none", "fusion.name=semantics-only", 'semantics=["gs"]', "training.epochs=1"]
    settings = load_settings("tiny", None, silent, environment={})
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    with pytest.raises(InputError, match=r"acoustic encoder 'NoSound' cannot be exported: .* Export a run that hears"):
        export(tmp_path / "run", tmp_path / "model.onnx")
    assert not list(tmp_path.glob("model.*"))


def test_a_place_under_a_file_is_told_with_the_option_that_names_it(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file: cannot be a folder to write in .*Choose another place with --onnx\."):
        export(tiny_run, tmp_path / "file" / "model.onnx")
