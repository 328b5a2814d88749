from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from msftk_plugins.acoustic.compiling import Compiling
from msftk_plugins.acoustic.front_end import normed_features
from msftk_plugins.acoustic.hf import HfAcousticEncoder


@pytest.mark.parametrize("seconds", [0.025, 1.0, 5.13])
def test_blocks_on_a_cpu_equal_the_model_s_own_front_end(models: dict[str, Path], seconds: float) -> None:
    front_end = AutoModel.from_pretrained(models["wavlm"]).feature_extractor.requires_grad_(False)
    samples = torch.randn(3, round(seconds * 16_000))
    found, theirs = normed_features(front_end, samples, Compiling("off")), front_end(samples)
    assert found.shape == theirs.shape
    assert (found - theirs).norm() < 1e-5 * theirs.norm()


def test_half_precision_is_as_near_to_float32_as_autocast(models: dict[str, Path]) -> None:
    front_end = AutoModel.from_pretrained(models["wavlm"]).feature_extractor.requires_grad_(False)
    samples = torch.randn(2, 8000)
    exact = front_end(samples)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, theirs = normed_features(front_end, samples, Compiling("off")), front_end(samples)
    assert found.dtype == torch.bfloat16
    assert found.shape == exact.shape
    assert not found.requires_grad
    assert (found - exact).norm() < 1.5 * (theirs - exact).norm()


def test_under_autocast_frames_stay_near_those_of_float32(models: dict[str, Path]) -> None:
    one = HfAcousticEncoder(HfAcousticEncoder.Options(model=str(models["wavlm"]))).eval()
    given = torch.randn(1, 8000), torch.tensor([8000])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        frames, _ = one(*given)
    torch.testing.assert_close(frames.float(), one(*given)[0], rtol=0, atol=0.1)
