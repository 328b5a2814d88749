from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel

from msftk.errors import InputError
from msftk.testing import check_acoustic_encoder
from msftk.types import Float32
from msftk_plugins.acoustic.hf import HfAcousticEncoder


def encoder(folder: Path, **options: object) -> HfAcousticEncoder:
    return HfAcousticEncoder(HfAcousticEncoder.Options(model=str(folder), **options)).eval()


def noise(n: int) -> Float32:
    return np.random.default_rng(n).normal(0, 0.1, n).astype(np.float32)


def frames_of(one: HfAcousticEncoder, waveform: Float32) -> torch.Tensor:
    prepared = one.prepare(waveform, None)
    with torch.no_grad():
        frames, valid = one(prepared[None], torch.tensor([len(prepared)]))
    return frames[0][valid[0]]


@pytest.mark.parametrize("n", [300, 16_000, 16_119, 16_121, 400_001, 479_999, 480_000])
def test_whisper_gives_the_frames_that_transformers_gives_of_30_s(models: dict[str, Path], n: int) -> None:
    found = frames_of(encoder(models["whisper"]), noise(n))
    read = AutoFeatureExtractor.from_pretrained(models["whisper"])(
        noise(n), sampling_rate=16_000, return_tensors="pt"
    ).input_features
    with torch.no_grad():
        expected = AutoModel.from_pretrained(models["whisper"]).eval().encoder(read).last_hidden_state[0]
    assert len(found) == -(-n // 320)
    torch.testing.assert_close(found, expected[: len(found)], rtol=0, atol=1e-5)


@pytest.mark.parametrize("n", [300, 880, 16_000, 16_161])
def test_w2v_bert_gives_the_frames_that_transformers_gives(models: dict[str, Path], n: int) -> None:
    found = frames_of(encoder(models["w2v-bert"]), noise(n))
    long_enough = np.pad(noise(n), (0, max(0, 720 - n)))
    read = AutoFeatureExtractor.from_pretrained(models["w2v-bert"])(
        long_enough, sampling_rate=16_000, return_tensors="pt"
    )
    with torch.no_grad():
        expected = AutoModel.from_pretrained(models["w2v-bert"]).eval()(**read).last_hidden_state[0]
    torch.testing.assert_close(found, expected[read.attention_mask[0].bool()], rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["whisper", "w2v-bert", "data2vec"])
def test_contract_holds(models: dict[str, Path], kind: str) -> None:
    check_acoustic_encoder(HfAcousticEncoder, model=str(models[kind]))


def test_whisper_refuses_what_it_cannot_hear(models: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"has 30\.1 s: this Whisper encoder hears 30 s\. Cut it, or keep less"):
        encoder(models["whisper"]).prepare(noise(481_600), None)


def test_without_the_settings_of_its_features_a_model_is_refused(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["whisper"], tmp_path / "model")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(InputError, match=r"comes without a preprocessor_config\.json, which says how"):
        encoder(folder)


def test_features_of_another_kind_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["whisper"], tmp_path / "model")
    shutil.copy(models["w2v-bert"] / "preprocessor_config.json", folder)
    with pytest.raises(InputError, match="is of SeamlessM4TFeatureExtractor, expected WhisperFeatureExtractor"):
        encoder(folder)


def test_mel_features_are_not_normalised_globally(models: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"acoustic\.normalise is global: .* reads mel features"):
        encoder(models["whisper"], normalise="global")
