"""Under autocast only the acoustic encoder leaves float32: what regression is decided by keeps its precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_wavlm import save_tiny_wavlm
from torch import Tensor

from msftk.models.batch import make_batch
from msftk.models.build import build_network
from msftk.models.network import SerNetwork
from msftk.models.targets import rebuilt_targets
from msftk.models.where import CPU, Where
from msftk.settings import Settings, load_settings
from msftk.training.objective import make_objective
from msftk.training.optimiser import make_optimiser
from msftk.training.start import rescale_heads
from msftk.training.steps import Micro, accumulate_gradients, forward
from msftk.types import ATTRIBUTES

HALF = Where(torch.device("cpu"), autocast=torch.bfloat16)
DIMS, GROUPS = {"gs": 12, "les": 12, "es": 12}, {"gs": "transcript", "les": "transcript", "es": "extended"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The paper's preset on a WavLM of two small layers."""
    folder = save_tiny_wavlm(tmp_path / "wavlm")
    return load_settings("paper", None, [f"acoustic.model={folder}", "text.name=hashing"], environment={})


@pytest.fixture
def network(settings: Settings) -> SerNetwork:
    torch.manual_seed(0)
    network = build_network(settings, DIMS, GROUPS, rebuilt_targets({"vad": ATTRIBUTES}))
    network.acoustic.eval()
    return network


def micro(network: SerNetwork, n: int = 16) -> Micro:
    noise = np.random.default_rng(0)
    waves = [noise.normal(0, 0.1 + 0.02 * k, 4000 + 100 * k).astype(np.float32) for k in range(n)]
    prepared = [torch.as_tensor(network.acoustic.prepare(wave, None)) for wave in waves]
    vectors = {source: [noise.normal(size=dim) for _ in range(n)] for source, dim in DIMS.items()}
    batch = make_batch([str(k) for k in range(n)], prepared, vectors, DIMS)
    return batch, {"vad": torch.from_numpy(noise.uniform(0, 1, (n, 3)).astype(np.float32))}


def is_bf16(values: Tensor) -> bool:
    return torch.equal(values, values.bfloat16().float())


def test_only_frames_come_out_of_bf16(network: SerNetwork) -> None:
    batch, _ = micro(network)
    network.eval()
    heard = network.listen(batch, HALF)
    assert heard.frames.dtype == torch.float32
    assert is_bf16(heard.frames) or not torch.equal(heard.frames, network.listen(batch, CPU).frames)
    assert not is_bf16(heard.pooled)
    output = network(batch, heard)
    vad = output.answers["vad"]
    assert not any(is_bf16(values) for values in (*output.features.values(), vad.routing))
    assert all(values.dtype == torch.float32 for values in (*vad.outputs.values(), *vad.experts.values()))


def test_predictions_are_no_multiples_of_a_bf16_step_and_keep_small_differences(network: SerNetwork) -> None:
    batch, _ = micro(network)
    network.eval()
    lasts = [regression[-1] for regression in network.heads["vad"].regressions.values()]
    with torch.no_grad():
        for last in lasts:
            last.weight.normal_(std=0.01)  # the start has no differences yet
        before = forward(network, batch, HALF).answers["vad"].outputs["value"]
        for last in lasts:
            last.bias.add_(1e-4)
        after = forward(network, batch, HALF).answers["vad"].outputs["value"]
    assert not is_bf16(before)
    assert len(before.unique()) == before.numel()
    torch.testing.assert_close(after - before, torch.full_like(before, 1e-4), rtol=0, atol=2e-7)


def test_first_steps_lower_the_loss_as_in_float32(network: SerNetwork, settings: Settings) -> None:
    batch = micro(network)
    rescale_heads(network, [batch], batch[1], CPU)
    network.eval()  # no dropout from here on
    start = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    whole, half = (losses(network, start, settings, where) for where in (CPU, HALF))
    assert whole[-1] < whole[0] - 0.05
    assert half == pytest.approx(whole, abs=1e-2)


def losses(network: SerNetwork, start: dict[str, Tensor], settings: Settings, where: Where) -> list[float]:
    """Loss of each of the first 20 steps, on one batch."""
    network.load_state_dict(start)
    objective, optimiser = make_objective(settings, network.targets), make_optimiser(network, settings.training)
    batch = micro(network)
    found = []
    for _ in range(20):
        optimiser.zero_grad()
        found.append(accumulate_gradients(network, objective, [batch], "micro", where))
        optimiser.step()
    return found
