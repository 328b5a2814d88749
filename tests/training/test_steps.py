"""Two passes give the gradient of the whole batch exactly; micro-batches alone are another objective."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis.strategies import integers, lists
from small_corpus import tiny_settings
from torch import Tensor

from msftk.errors import InputError
from msftk.models.batch import Batch
from msftk.models.build import build_network
from msftk.models.network import SerNetwork
from msftk.models.targets import rebuilt_targets
from msftk.models.where import CPU
from msftk.training.objective import Objective, check_scope
from msftk.training.steps import Micro, accumulate_gradients, forward
from msftk.types import ATTRIBUTES
from msftk_plugins.losses.ccc import CccLoss

DIMS = {"gs": 5, "es": 5}
CCC = Objective({"vad": CccLoss(CccLoss.Options())})


class SquaredError:
    """Mean over examples."""

    scope: ClassVar[str] = "example"
    reads_features: ClassVar[bool] = False

    def __call__(self, outputs, targets, features, parameters) -> Tensor:  # type: ignore[no-untyped-def]
        return ((outputs["value"] - targets) ** 2).sum(dim=1).mean()


class FeatureLoss(CccLoss):
    reads_features: ClassVar[bool] = True


@pytest.fixture
def network() -> SerNetwork:
    """FM-MoE in float64 with all its dropout and source dropout on."""
    torch.manual_seed(0)
    settings = tiny_settings("data.source_dropout=0.3", semantics=("gs", "es"))
    groups = {"gs": "transcript", "es": "extended"}
    return build_network(settings, DIMS, groups, rebuilt_targets({"vad": ATTRIBUTES})).double().train()


def micros(sizes: tuple[int, ...]) -> list[Micro]:
    generator = torch.Generator().manual_seed(1)

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    made = []
    for size in sizes:
        lengths = torch.randint(5, 13, (size,), generator=generator)
        present = {source: rand(size) < 0.8 for source in DIMS}
        batch = Batch(rand(size, 12, 86), lengths, {s: rand(size, 5) for s in DIMS}, present, ("",) * size)
        made.append((batch, {"vad": rand(size, 3)}))
    made[0][1]["vad"][0, 1] = torch.nan
    return made


def gradients(network: SerNetwork) -> dict[str, Tensor]:
    found = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    network.zero_grad(set_to_none=True)
    return found


def one_graph(network: SerNetwork, batches: list[Micro], seed: int) -> tuple[float, dict[str, Tensor]]:
    """All micro-batch forwards kept in one graph, one loss over their outputs."""
    torch.manual_seed(seed)
    values = torch.cat([forward(network, batch, CPU).answers["vad"].outputs["value"] for batch, _ in batches])
    loss = CccLoss(CccLoss.Options())({"value": values}, torch.cat([t["vad"] for _, t in batches]), {}, ())
    loss.backward()
    return loss.item(), gradients(network)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists(integers(1, 5), min_size=2, max_size=5).map(tuple))
@example((4, 4, 3))
def test_two_pass_gradient_equals_one_graph_over_any_partition(network: SerNetwork, sizes: tuple[int, ...]) -> None:
    batches = micros(sizes)
    expected_loss, expected = one_graph(network, batches, seed=7)
    torch.manual_seed(7)
    loss = accumulate_gradients(network, CCC, batches, "batch")
    found = gradients(network)
    assert loss == pytest.approx(expected_loss, abs=1e-12)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-12)


def test_two_passes_replay_numpy_too(network: SerNetwork) -> None:
    """WavLM draws its masks and dropped layers from NumPy's global generator."""
    drawn: list[float] = []
    network.acoustic.register_forward_hook(lambda *_: drawn.append(np.random.random()))
    accumulate_gradients(network, CCC, micros((4, 4)), "batch")
    assert drawn[:2] == drawn[2:]


def test_two_passes_leave_the_random_state_of_one_pass(network: SerNetwork) -> None:
    batches = micros((4, 4))
    one_graph(network, batches, seed=3)
    expected = torch.get_rng_state()
    torch.manual_seed(3)
    accumulate_gradients(network, CCC, batches, "batch")
    assert torch.equal(torch.get_rng_state(), expected)


def test_micro_scope_is_the_mean_of_micro_batch_losses(network: SerNetwork) -> None:
    network.eval()  # no dropout: the order of forwards does not matter
    batches, loss = micros((4, 4)), CccLoss(CccLoss.Options())
    value = accumulate_gradients(network, CCC, batches, "micro")
    found = gradients(network)
    mean = sum(loss(forward(network, b, CPU).answers["vad"].outputs, t["vad"], {}, ()) for b, t in batches) / 2
    mean.backward()
    assert value == pytest.approx(mean.item(), abs=1e-12)
    for name, gradient in gradients(network).items():
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-12)


def test_micro_scope_differs_from_batch_scope(network: SerNetwork) -> None:
    network.eval()
    accumulate_gradients(network, CCC, micros((4, 4)), "micro")
    micro = gradients(network)
    accumulate_gradients(network, CCC, micros((4, 4)), "batch")
    assert any(not torch.allclose(micro[name], g, rtol=1e-3) for name, g in gradients(network).items())


def test_mean_over_examples_is_exact_in_one_pass(network: SerNetwork) -> None:
    network.eval()
    batches = micros((5, 2))
    batches[0][1]["vad"][0, 1] = 0.5
    value = accumulate_gradients(network, Objective({"vad": SquaredError()}), batches, "batch")  # type: ignore[dict-item]
    values = torch.cat([forward(network, batch, CPU).answers["vad"].outputs["value"] for batch, _ in batches])
    expected = SquaredError()({"value": values}, torch.cat([t["vad"] for _, t in batches]), {}, ())
    assert value == pytest.approx(expected.item(), abs=1e-12)


def test_loss_that_reads_features_is_refused_by_batch_scope() -> None:
    with pytest.raises(InputError, match=r"loss 'mine' reads features, which the two-pass batch scope does not keep"):
        check_scope(FeatureLoss(CccLoss.Options()), "mine", "batch")
    check_scope(FeatureLoss(CccLoss.Options()), "mine", "micro")
