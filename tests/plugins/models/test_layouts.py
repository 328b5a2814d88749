"""Every layout reads a folder as published, and says what its publisher's own computation says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from published_models import NAMES, RECORDS, record, sizes_of, tensors_of, write_published
from reference.published import ORDER, _wavlm, msp_lab_answer, msp_lab_pooled, published
from safetensors.torch import load_file, save_file

from msftk import testing
from msftk.errors import InputError
from msftk.recipes.predict import Run, load_model
from msftk.registry import registry
from msftk.runs.imported import load_published
from msftk.runs.published import find_published
from msftk.types import ATTRIBUTES, Float32

# one frame more, or none, by how lengths are counted; the shortest has less than a second
LENGTHS = (12_345, 16_000, 48_000, 50_001, 80_100, 80_161)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    parent = tmp_path_factory.mktemp("published")
    return {name: write_published(name, parent / name) for name in NAMES}


@pytest.fixture(scope="module")
def waveforms() -> list[Float32]:
    """Noise whose level and colour differ, so that predictions do."""
    draw = np.random.default_rng(0)
    made = [draw.normal(0, 0.02 * (k + 1), n) for k, n in enumerate(LENGTHS)]
    return [np.convolve(one, np.ones(k + 1), "same").astype(np.float32) for k, one in enumerate(made)]


def predicted(run: Run, waveforms: list[Float32]) -> np.ndarray:
    """[recording, attribute] by the path that a user takes, all in one call."""
    return run.predict([(one, 16_000) for one in waveforms]).predictions.values


def expected(name: str, folder: Path, waveforms: list[Float32]) -> np.ndarray:
    """The same by the publisher's computation, one recording at a time, in msftk's order."""
    hear = published(name, folder)
    return np.stack([hear(one) for one in waveforms])[:, [ORDER[name].index(a) for a in ATTRIBUTES]]


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_the_publishers_computation_says(
    name: str, folders: dict[str, Path], waveforms: list[Float32]
) -> None:
    truth = expected(name, folders[name], waveforms)
    found = predicted(load_model(str(folders[name])), waveforms)
    assert (truth.std(axis=0) > 1e-4).all()  # recordings are told apart, else equality says little
    np.testing.assert_allclose(found, truth, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_an_attribute_planted_in_the_published_order_comes_back_under_its_name(
    name: str, attribute: str, folders: dict[str, Path], waveforms: list[Float32], tmp_path: Path
) -> None:
    planted = tmp_path / name
    planted.mkdir()
    (planted / "config.json").write_bytes((folders[name] / "config.json").read_bytes())
    tensors = load_file(folders[name] / "model.safetensors")
    by_row = {"audeering-dim": "classifier.out_proj.bias", "msp-lab": "ser_model.out.0.bias", "wav2small": "adv.bias"}
    if bias := by_row.get(name):
        tensors[bias][ORDER[name].index(attribute)] += 0.25
    else:
        tensors[f"{attribute}_layer.2.bias"] += 0.25
    save_file(tensors, planted / "model.safetensors")
    before, after = (predicted(load_model(str(one)), waveforms[:1]) for one in (folders[name], planted))
    if name not in by_row:
        before, after = (np.log(one / (1 - one)) for one in (before, after))  # the sigmoid's argument
    moved = np.where(np.array(ATTRIBUTES) == attribute, 0.25, 0.0)
    np.testing.assert_allclose(after - before, [moved], atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_longer_recording_beside_it_changes_nothing(
    name: str, folders: dict[str, Path], waveforms: list[Float32]
) -> None:
    run = load_model(str(folders[name]))
    alone = np.concatenate([predicted(run, [one]) for one in waveforms])
    np.testing.assert_allclose(predicted(run, waveforms), alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_layouts_keep_the_contract_of_their_kind(name: str, folders: dict[str, Path]) -> None:
    testing.check_model(find_published(str(folders[name])).plugin.name, folders[name])


@pytest.mark.parametrize("name", NAMES)
def test_each_folder_is_of_one_layout(name: str, folders: dict[str, Path]) -> None:
    shapes = {one: tuple(tensor.shape) for one, tensor in tensors_of(name, sizes_of(name)).items()}
    found = find_published(str(folders[name]))
    reading = [
        plugin.name
        for plugin in registry().plugins("model")
        if registry().create("model", plugin.name).recognises(found.config, shapes)
    ]
    assert reading == [found.plugin.name]
    assert found.plugin.name == name.removesuffix("-whisper")


def test_every_record_tells_its_source() -> None:
    for name in NAMES:
        assert "huggingface.co/" in record(name)["source"], RECORDS / name


def test_the_wavlm_of_the_published_sizes_is_wavlm_large() -> None:
    """Out of the shapes alone, since the folder does not hold its configuration."""
    import json

    from msftk_plugins.models.backbone import wavlm_config

    sizes = record("msp-lab")["sizes"]
    shapes: dict[str, tuple[int, ...]] = {}
    for pattern, shape in record("msp-lab")["tensors"].items():
        for layer in range(sizes["layers"]):
            shapes[pattern.format(layer=layer)] = tuple(sizes[one] if isinstance(one, str) else one for one in shape)
    config = json.loads(wavlm_config(shapes, "ssl_model."))
    assert config == {  # as microsoft/wavlm-large's config.json has it
        "model_type": "wavlm",
        "do_stable_layer_norm": True,
        "feat_extract_norm": "layer",
        "conv_bias": False,
        "conv_dim": [512] * 7,
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "num_buckets": 320,
        "intermediate_size": 4096,
        "num_conv_pos_embeddings": 128,
        "num_conv_pos_embedding_groups": 16,
    }


@pytest.mark.parametrize(("n", "n_frames", "n_counted"), [(48_000, 149, 150), (48_040, 149, 151)])
@torch.no_grad()
def test_the_frames_too_many_of_the_msp_lab_are_padding_in_a_batch_and_none_alone(
    n: int, n_frames: int, n_counted: int, folders: dict[str, Path], waveforms: list[Float32]
) -> None:
    """Its layout says that its own code does not pad exactly; this is why. msftk says either, whatever lies beside."""
    folder, samples = folders["msp-lab"], waveforms[4][:n]
    tensors, found = load_file(folder / "model.safetensors"), find_published(str(folder))
    model, config = _wavlm(tensors, "ssl_model."), found.config
    normed = (torch.from_numpy(samples) - config["mean"]) / (config["std"] + 1e-6)
    padded = torch.nn.functional.pad(normed, (0, 16_000))[None]
    mask = (torch.arange(padded.shape[1]) < n).long()[None]
    frames = model(padded, attention_mask=mask).last_hidden_state[0]
    in_batch = msp_lab_answer(tensors, msp_lab_pooled(tensors, frames, n)).numpy()[[2, 0, 1]]
    own_frames = msp_lab_answer(tensors, msp_lab_pooled(tensors, frames[:n_frames], n)).numpy()[[2, 0, 1]]
    assert (n - 1) // 320 + 1 == n_counted
    assert np.abs(in_batch - own_frames).max() > 1e-4
    assert not found.layout.pads_exactly
    for options, expected_values in (({}, own_frames), ({"padding_frames": True}, in_batch)):
        run = load_model(str(folder), options=options)
        np.testing.assert_allclose(predicted(run, [samples])[0], expected_values, atol=1e-5)
        np.testing.assert_allclose(predicted(run, [waveforms[5], samples])[1], expected_values, atol=1e-5)


@pytest.mark.parametrize("name", ["audeering-dim", "msp-lab", "wav2small"])
@pytest.mark.parametrize("labels", [("angry", "happy", "sad"), ("arousal", "valence")])
def test_outputs_of_another_name_are_refused(name: str, labels: tuple[str, ...], folders: dict[str, Path]) -> None:
    """Three classes are not three attributes."""
    found = find_published(str(folders[name]))
    config = {**found.config, "id2label": {str(k): label for k, label in enumerate(labels)}}
    with pytest.raises(InputError, match="outputs are not valence, arousal and dominance"):
        found.layout.read(config, load_file(found.folder / "model.safetensors"), "x")


@pytest.mark.parametrize("labels", [None, {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}])
def test_outputs_without_a_name_are_in_the_layouts_order(labels: object, folders: dict[str, Path]) -> None:
    found = find_published(str(folders["audeering-dim"]))
    tensors = load_file(found.folder / "model.safetensors")
    read = found.layout.read({**found.config, "id2label": labels}, tensors, "x")
    assert read.attributes == ATTRIBUTES
    assert torch.equal(read.tensors["heads.vad.last.bias"], tensors["classifier.out_proj.bias"][[2, 0, 1]])


def test_a_model_of_one_attribute_predicts_that_one(tmp_path: Path, waveforms: list[Float32]) -> None:
    folder = write_published("msp-lab", tmp_path / "valence")
    tensors = load_file(folder / "model.safetensors")
    for part in ("weight", "bias"):
        tensors[f"ser_model.out.0.{part}"] = tensors[f"ser_model.out.0.{part}"][2:].contiguous()
    save_file(tensors, folder / "model.safetensors")
    place = folder / "config.json"
    place.write_text(place.read_text().replace('"0": "arousal", "1": "dominance", "2": "valence"', '"0": "Valence"'))
    said = load_model(str(folder)).predict([(waveforms[0], 16_000)])
    assert said.predictions.attributes == ("valence",)
    assert load_published(str(folder)).network.targets["vad"].columns == ("valence",)
