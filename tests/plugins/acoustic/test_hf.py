from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from msftk.errors import InputError, MsftkError
from msftk.models.network import SerNetwork
from msftk.training.gradients import Learning
from msftk_plugins.acoustic.hf import HfAcousticEncoder
from msftk_plugins.acoustic.padding import pads_exactly
from msftk_plugins.acoustic.pretrained import model_identity
from msftk_plugins.acoustic.waveforms import frame_counts, shortest_input

WAVLM_KERNELS, WAVLM_STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
ONE_BY_ONE = ("hubert-batch-norm", "data2vec")
WAVEFORMS = ("wavlm", "wavlm-group", "wav2vec2", "mms", "hubert", *ONE_BY_ONE)
KINDS = (*WAVEFORMS, "whisper", "w2v-bert")


def encoder(folder: Path, **options: object) -> HfAcousticEncoder:
    return HfAcousticEncoder(HfAcousticEncoder.Options(model=str(folder), **options)).eval()


def batch_of(one: HfAcousticEncoder, *n_samples: int) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    rng = np.random.default_rng(0)
    prepared = [one.prepare(rng.normal(0.1, 0.3, n).astype(np.float32), None) for n in n_samples]
    return pad_sequence(prepared, batch_first=True), torch.tensor([len(p) for p in prepared]), prepared


def test_frames_follow_the_convolution_arithmetic() -> None:
    lengths = torch.tensor([400, 719, 720, 16_000, 192_000])
    assert frame_counts(lengths, WAVLM_KERNELS, WAVLM_STRIDES).tolist() == [1, 1, 2, 49, 599]
    assert shortest_input(WAVLM_KERNELS, WAVLM_STRIDES) == 400


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layer", ["last", "weighted", 1])
def test_padding_changes_no_frame(models: dict[str, Path], kind: str, layer: str | int) -> None:
    one = encoder(models[kind], layer=layer)
    inputs, lengths, prepared = batch_of(one, 9_000, 4_973, 400)
    with torch.no_grad():
        frames, valid = one(inputs, lengths)
        for row, waveform in enumerate(prepared):
            alone, _ = one(waveform[None], lengths[row : row + 1])
            assert valid[row].sum() == alone.shape[1]
            # attention over masked places rounds differently in float32
            torch.testing.assert_close(frames[row, valid[row]], alone[0], rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_that_hears_padding_is_found_and_given_one_recording_at_a_time(
    models: dict[str, Path], kind: str
) -> None:
    assert encoder(models[kind]).one_by_one == (kind in ONE_BY_ONE)


def test_looking_for_padding_leaves_weights_and_random_numbers_as_they_were(models: dict[str, Path]) -> None:
    one = encoder(models["data2vec"]).train()
    before = {name: value.clone() for name, value in one.state_dict().items()}
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    assert not pads_exactly(one.model, lambda waveform: one.prepare(waveform, None), one._frames)
    assert torch.equal(torch.rand(1), expected)
    assert one.model.training
    assert all(torch.equal(value, before[name]) for name, value in one.state_dict().items())


@pytest.mark.parametrize("kind", WAVEFORMS)
def test_last_layer_of_one_utterance_is_what_transformers_gives(models: dict[str, Path], kind: str) -> None:
    from transformers import AutoModel

    one = encoder(models[kind])
    inputs, lengths, _ = batch_of(one, 5_000)
    with torch.no_grad():
        expected = AutoModel.from_pretrained(models[kind]).eval()(inputs).last_hidden_state
        torch.testing.assert_close(one(inputs, lengths)[0], expected, rtol=0, atol=1e-5)


def test_weighted_layers_start_as_the_mean_of_all_hidden_states(models: dict[str, Path]) -> None:
    by_number = [encoder(models["hubert"], layer=n) for n in range(3)]
    weighted = encoder(models["hubert"], layer="weighted")
    inputs, lengths, _ = batch_of(weighted, 5_000, 3_000)
    with torch.no_grad():
        expected = sum(one(inputs, lengths)[0] for one in by_number) / 3
        torch.testing.assert_close(weighted(inputs, lengths)[0], expected, rtol=0, atol=1e-5)
    weighted.train()(inputs, lengths)[0].square().sum().backward()
    assert weighted.layer_logits.grad.abs().min() > 0


@pytest.mark.parametrize("kind", ["wavlm", "mms", "data2vec", "whisper", "w2v-bert"])
@pytest.mark.parametrize("options", [{}, {"gradient_checkpointing": True}, {"layer": 1}, {"layer": "weighted"}])
def test_front_end_stays_frozen_and_all_that_is_used_learns(models: dict[str, Path], kind: str, options: dict) -> None:
    one = encoder(models[kind], **options).train()
    one.config.layerdrop = 0.0  # a skipped layer learns nothing in that step
    inputs, lengths, _ = batch_of(one, 5_000, 3_000)
    one(inputs, lengths)[0].square().sum().backward()
    front_end = [one.model.conv1, one.model.conv2] if kind == "whisper" else [getattr(one, "front_end", None)]
    assert all(parameter.grad is None for part in front_end if part for parameter in part.parameters())
    learning = list(one.pretrained_parameters())
    assert learning
    assert all(parameter.grad is not None for parameter in learning)


@pytest.mark.parametrize("kind", ["wavlm", "wavlm-group", "hubert-batch-norm", "data2vec", "whisper", "w2v-bert"])
@pytest.mark.parametrize("layer", ["last", "weighted", 1])
def test_no_false_alarm_and_a_stray_parameter_is_named(models: dict[str, Path], kind: str, layer: str | int) -> None:
    """Of what never has a gradient, where LayerDrop passes every other layer by."""
    one = encoder(models[kind], layer=layer).train()
    if layer == "last" and kind != "whisper":
        assert one.taught_within > 10
        one.config.layerdrop = 0.5
    inputs, lengths, _ = batch_of(one, 5_000, 3_000)
    network = cast(SerNetwork, SimpleNamespace(acoustic=one))
    learning = Learning()
    for step in range(1, one.taught_within + 1):
        one.zero_grad()
        one(inputs, lengths)[0].square().sum().backward()
        learning.note(network, step)
    one.model.register_parameter("stray", torch.nn.Parameter(torch.zeros(1)))
    with pytest.raises(MsftkError, match=r"1 parameter of .* had no gradient in the first \d+ steps: model.stray"):
        learning.note(network, one.taught_within)


@pytest.mark.parametrize("kind", ["wavlm", "data2vec", "whisper"])
@pytest.mark.parametrize("layer", ["last", "weighted", 1])
def test_pooled_states_are_those_of_each_recording_alone(models: dict[str, Path], kind: str, layer: str | int) -> None:
    one = encoder(models[kind], layer=layer)
    inputs, lengths, prepared = batch_of(one, 9_000, 4_973)

    def first_and_last(frames: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        return torch.stack(
            [torch.cat([own[heard][0], own[heard][-1]]) for own, heard in zip(frames, valid, strict=True)]
        )

    with torch.no_grad():
        states = one.pooled(inputs, lengths, first_and_last)
        assert states.shape == (2, 3 if layer == "weighted" else 1, 2 * one.dim)
        for row, waveform in enumerate(prepared):
            alone = one(waveform[None], lengths[row : row + 1])[0][0]
            together = torch.cat([alone[0], alone[-1]])
            torch.testing.assert_close(states[row].mean(0), together, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["wavlm", "data2vec", "whisper"])
def test_a_copy_is_an_encoder_of_its_own(models: dict[str, Path], kind: str) -> None:
    one = encoder(models[kind])
    inputs, lengths, _ = batch_of(one, 5_000, 3_000)
    copied = copy.deepcopy(one)
    before = one(inputs, lengths)[0]
    for parameter in one.parameters():
        parameter.data.zero_()
    assert torch.equal(copied(inputs, lengths)[0], before)


def test_utterance_normalisation_takes_offset_and_gain_away(models: dict[str, Path]) -> None:
    one = encoder(models["wavlm"])
    waveform = np.random.default_rng(0).normal(size=4000).astype(np.float32)
    torch.testing.assert_close(one.prepare(3 * waveform + 1, None), one.prepare(waveform, None), rtol=0, atol=1e-5)


def test_global_normalisation_is_fitted_on_all_samples_and_saved(models: dict[str, Path]) -> None:
    one = encoder(models["wavlm"], normalise="global")
    inputs, lengths, prepared = batch_of(one, 5_000, 3_000)
    before = one(inputs, lengths)[0]
    one.fit(iter(prepared))
    samples = torch.cat(prepared)
    torch.testing.assert_close(one.mean, samples.mean())
    torch.testing.assert_close(one.sd, samples.std(unbiased=False))
    assert {"mean", "sd"} <= set(one.state_dict())
    assert not torch.allclose(one(inputs, lengths)[0], before)


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoint_rebuilds_the_encoder_without_its_folder(models: dict[str, Path], tmp_path: Path, kind: str) -> None:
    folder = shutil.copytree(models[kind], tmp_path / "model")
    one = encoder(folder)
    config, state = one.config_json(), one.state_dict()
    shutil.rmtree(folder)
    again = HfAcousticEncoder(one.options, config=config).eval()
    again.load_state_dict(state)
    inputs, lengths, _ = batch_of(one, 5_000, 3_000)
    torch.testing.assert_close(again(inputs, lengths)[0], one(inputs, lengths)[0], atol=1e-5, rtol=1e-5)


def test_identity_is_the_hash_of_a_folders_files_and_follows_their_content(
    models: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(models["wav2vec2"], tmp_path / "model")
    one = encoder(folder)
    identity = one.identity()
    assert identity["model"].startswith("sha256:")
    assert identity["revision"] == ""
    assert encoder(models["wav2vec2"]).identity() == identity  # the place does not count
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    assert encoder(folder).identity() != identity
    assert HfAcousticEncoder(one.options, config=one.config_json()).identity() == {}


def test_identity_of_a_model_id_names_the_commit_that_its_branch_stood_for(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    commit, cached = "0123456789abcdef0123456789abcdef01234567", tmp_path / "models--org--tiny"
    shutil.copytree(models["wavlm"], cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    identity = model_identity("org/tiny", None)
    assert identity == {"model": model_identity(str(models["wavlm"]), None)["model"], "revision": commit}
    assert model_identity("org/other", "v1") == {"model": "org/other", "revision": "v1"}


def test_waveform_shorter_than_a_frame_is_padded_to_one(models: dict[str, Path]) -> None:
    one = encoder(models["wavlm"])
    inputs, lengths, _ = batch_of(one, 7)
    assert one(inputs, lengths)[1].tolist() == [[True]]


def test_unknown_model_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"acoustic.model '.*nowhere' cannot be loaded: .* Give a model id") as caught:
        encoder(tmp_path / "nowhere")
    assert "config.json and model.safetensors" in str(caught.value)


def test_weights_that_are_pickled_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["hubert"], tmp_path / "model")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot be loaded"):
        encoder(folder)


def test_weights_that_are_cut_off_and_sizes_that_are_none_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["hubert"], tmp_path / "model")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(InputError, match=r"cannot be loaded: .*not fully covered.* Give a model id"):
        encoder(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": None}))
    with pytest.raises(InputError, match="cannot be loaded"):
        encoder(folder)


def test_weights_of_another_model_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["hubert"], tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(InputError, match=r"lacks \d+ weights of a hubert encoder, first encoder.layers.2"):
        encoder(folder)


def test_text_encoder_is_refused_as_acoustic_encoder(tmp_path: Path) -> None:
    from transformers import RobertaConfig

    RobertaConfig().save_pretrained(tmp_path)
    with pytest.raises(
        InputError, match="is of type roberta: expected a speech encoder with a convolutional front end"
    ):
        encoder(tmp_path)


def test_layer_beyond_the_last_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"acoustic.layer is 3: .* has layers 0 \(input of the first\) to 2"):
        encoder(models["wavlm"], layer=3)


@pytest.mark.parametrize("layer", ["weighted", 1])
def test_hidden_layers_are_read_without_layer_drop_and_masks(
    models: dict[str, Path], tmp_path: Path, layer: str | int
) -> None:
    shutil.copytree(models["wavlm"], tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    harsh = {"layerdrop": 1.0, "apply_spec_augment": True, "mask_time_prob": 0.9, "mask_feature_prob": 0.9}
    calm = {name: 0.0 for name in json.loads(file.read_text()) if name.endswith("dropout")}
    file.write_text(json.dumps(json.loads(file.read_text()) | harsh | calm))
    one = encoder(tmp_path / "model", layer=layer)
    inputs, lengths, _ = batch_of(one, 8000, 6000)
    expected, _ = one(inputs, lengths)
    found, _ = one.train()(inputs, lengths)
    torch.testing.assert_close(found, expected)
