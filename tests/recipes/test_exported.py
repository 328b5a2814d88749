"""An exported model predicts what its run predicts, and no torch is loaded for it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_corpus import TINY, tiny_settings
from tiny_bert import save_tiny_bert

from msftk.errors import InputError, MsftkError
from msftk.files import sha256_file
from msftk.recipes.explain import explain
from msftk.recipes.export import export
from msftk.recipes.predict import Run, load
from msftk.recipes.predict_table import predict_table
from msftk.recipes.train import train
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest

CLOSE = 1e-4


@pytest.fixture(scope="module")
def exported(exported_run: Path) -> Run:
    return load(exported_run)


@pytest.mark.parametrize("options", [{}, {"window_s": 0.5, "hop_s": 0.25}, {"clip": True}])
def test_predictions_are_those_of_the_run(
    tiny_run: Path, exported: Run, tone_corpus: Manifest, tone_store: Store, options: dict[str, Any]
) -> None:
    found = exported.predict(tone_corpus, store=tone_store, **options)
    expected = load(tiny_run, "cpu").predict(tone_corpus, store=tone_store, **options)
    np.testing.assert_allclose(found.predictions.values, expected.predictions.values, rtol=0, atol=CLOSE)
    assert [one.id for one in found] == [one.id for one in expected]
    assert [len(one.windows) for one in found] == [len(one.windows) for one in expected]
    assert found.bases == expected.bases
    assert found.absent == expected.absent
    assert found.warning == expected.warning
    assert found.predictions.clipped is expected.predictions.clipped


def test_recordings_of_unlike_length_are_heard_together_as_alone(
    exported: Run, tone_corpus: Manifest, tone_store: Store
) -> None:
    whole = tone_corpus.utterances[:4]
    cut = [replace(one, start_s=0.0, end_s=0.3 + 0.1 * place) for place, one in enumerate(whole)]
    together = exported.predict(cut, store=tone_store)
    alone = [exported.predict(one, store=tone_store).predictions.values[0] for one in cut]
    np.testing.assert_allclose(together.predictions.values, alone, rtol=0, atol=CLOSE)


def test_a_table_is_written_as_of_a_run(
    tiny_run: Path, exported: Run, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    for name, run in (("found", exported), ("expected", load(tiny_run, "cpu"))):
        predict_table(run, tone_corpus, tmp_path / f"{name}.csv", store=tone_store)
    found, expected = ((tmp_path / f"{name}.csv").read_text().splitlines() for name in ("found", "expected"))
    assert found[0] == expected[0]
    assert len(found) == len(expected) == 25


def test_bad_audio_among_others_is_told(
    exported: Run, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    good = tone_corpus.utterances[0]
    result = exported.predict([good, replace(good, id="broken", audio=broken)], store=tone_store)
    assert [one.id for one in result] == [good.id]
    assert "broken.wav" in result.failures["broken"]


def test_no_torch_is_loaded_for_sound_and_words(exported_run: Path, tone_corpus: Manifest, tmp_path: Path) -> None:
    audio = tmp_path / "one.wav"
    shutil.copy(str(tone_corpus.utterances[0].audio), audio)
    audio.with_suffix(".txt").write_text("please stop now")
    code = (
        f"import sys; from msftk.cli.app import run; assert run(['predict', {str(exported_run)!r}, {str(audio)!r}, "
        f"'--json', '--store', {str(tmp_path / 'store')!r}]) == 0; "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (prediction,) = json.loads(ended.stdout)["predictions"]
    assert prediction["sources"] == ["gs", "es"]
    assert 0 < prediction["valence"] < 8


def changed(exported_run: Path, folder: Path, **values: object) -> Path:
    """A copy whose card says something else."""
    for suffix in (".onnx", ".json"):
        shutil.copy(exported_run.with_suffix(suffix), folder / f"model{suffix}")
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**card, **values}))
    return folder / "model.onnx"


def test_a_card_that_is_not_of_the_graph_is_told(exported_run: Path, tone_corpus: Manifest, tmp_path: Path) -> None:
    card = json.loads(exported_run.with_suffix(".json").read_text())
    with pytest.raises(
        InputError, match=r"model\.onnx: input (features|samples) is not in both, the graph and its card"
    ):
        load(changed(exported_run, tmp_path, sound={**card["sound"], "input": "samples"}))
    front_end = {"name": "logmel", "bands": card["sound"]["front_end"]["bands"] + 1}
    run = load(changed(exported_run, tmp_path, sound={**card["sound"], "front_end": front_end}))
    with pytest.raises(MsftkError, match=r"model\.onnx: onnxruntime stopped .*Export it again"):
        run.predict(tone_corpus.utterances[:1])


def test_texts_that_torch_would_encode_are_left_out_and_told(
    exported_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    settings = json.loads(exported_run.with_suffix(".json").read_text())["settings"]
    run = load(changed(exported_run, tmp_path, settings={**settings, "text": {"name": "minilm"}}))
    result = run.predict(tone_corpus.utterances[:3], store=tone_store)
    why = {"text encoder 'minilm' needs torch, which an exported model does without": 3}
    assert result.absent == {"gs": why, "les": why, "es": why}
    assert all(one.basis.sources == () for one in result)


def test_a_text_encoder_that_is_not_beside_the_model_is_told(
    exported_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    run = load(changed(exported_run, tmp_path, text_folder="model.text"))
    result = run.predict(tone_corpus.utterances[1:2], store=tone_store)
    assert result.absent["gs"] == {"the text encoder's folder model.text is not beside model.onnx": 1}


@pytest.mark.slow  # half a minute
def test_texts_are_encoded_without_torch(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    bert = save_tiny_bert(tmp_path)
    tiny = [one for one in TINY if not one.startswith("text")]
    assignments = [*tiny, "text.name=hf", f"text.model={bert}", 'semantics=["gs","les-tokens"]']
    settings = load_settings("tiny", None, assignments, environment={})
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    made = export(tmp_path / "run", tmp_path / "model.onnx")
    assert made.card.text_folder == "model.text"
    found = load(made.model).predict(tone_corpus, store=tmp_path / "store")
    expected = load(tmp_path / "run", "cpu").predict(tone_corpus, store=tone_store)
    np.testing.assert_allclose(found.predictions.values, expected.predictions.values, rtol=0, atol=CLOSE)
    assert found.absent == expected.absent
    assert found.bases == expected.bases
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for one in ("model.onnx", "model.json", "model.text"):
        (tmp_path / one).rename(moved / one)
    again = load(moved / "model.onnx").predict(tone_corpus, store=tmp_path / "store2")
    np.testing.assert_array_equal(again.predictions.values, found.predictions.values)


@pytest.mark.slow  # half a minute
def test_what_head_and_other_targets_say_stands_beside(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    settings = tiny_settings("head.name=evidential", "loss.name=evidential", 'targets=["raters","category"]')
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    made = export(tmp_path / "run", tmp_path / "model.onnx")
    found, expected = (
        load(run, "cpu").predict(tone_corpus, store=tone_store).columns() for run in (made.model, tmp_path / "run")
    )
    assert list(found) == list(expected)
    assert {"valence_epistemic", "category"} <= set(found)
    for name, own in expected.items():
        if isinstance(own[0], float):
            np.testing.assert_allclose(np.array(found[name], float), np.array(own, float), rtol=1e-4, atol=CLOSE)
        else:
            assert found[name] == own


def test_a_missing_onnxruntime_names_its_extra(exported_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"pip install 'msftk\[onnx\]'"):
        load(exported_run)


def test_a_file_that_onnxruntime_cannot_run_is_told_once(exported_run: Path, tmp_path: Path) -> None:
    model = changed(exported_run, tmp_path)
    model.write_bytes(b"from the future")
    changed_card = {**json.loads(model.with_suffix(".json").read_text()), "sha256": sha256_file(model)}
    model.with_suffix(".json").write_text(json.dumps(changed_card))
    with pytest.raises(
        InputError, match=r"model.onnx: onnxruntime .* cannot run it \(opset 20; .*export the run again"
    ):
        load(model)


def test_what_an_exported_model_cannot_do_is_told(
    exported_run: Path, exported: Run, tiny_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    one = tone_corpus.utterances[0]
    with pytest.raises(InputError, match="keeps no predictions of dev"):
        exported.predict([one], store=tone_store, interval=0.9)
    with pytest.raises(InputError, match="cannot be taken apart"):
        explain(exported, one, store=tone_store)
    with pytest.raises(InputError, match="predicts by itself"):
        load([exported_run, tiny_run])
    with pytest.raises(InputError, match="on the CPU"):
        load(exported_run, "cuda")
    with pytest.raises(MsftkError, match=r"other.onnx: no such file"):
        load(tmp_path / "other.onnx")
