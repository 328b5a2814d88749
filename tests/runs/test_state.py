"""The state of a run: what was saved comes back, and a torn file is one clear error."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import nn
from torch.optim import AdamW

from msftk.errors import InputError
from msftk.runs.state import Reached, best_weights, load_state_into, save_state

CPU = torch.device("cpu")


class Layer(nn.Linear):
    """A network of one layer, which is part of nothing."""

    parts: ClassVar[dict[str, nn.Module]] = {}


def saved(folder: Path, epochs: int) -> tuple[Layer, AdamW]:
    """A layer trained for some epochs, of which the first was best."""
    network = Layer(3, 2)
    optimiser = AdamW(network.parameters())
    for epoch in range(1, epochs + 1):
        network(torch.randn(4, 3)).sum().backward()
        optimiser.step()
        save_state(folder, Reached(epoch, 1, 0.5), network, optimiser, CPU, is_best=epoch == 1)
    return network, optimiser


def test_network_optimiser_and_random_state_come_back(tmp_path: Path) -> None:
    network, optimiser = saved(tmp_path, 2)
    expected = torch.rand(3)
    again = Layer(3, 2)
    restored = AdamW(again.parameters())
    assert load_state_into(tmp_path, again, restored, CPU) == Reached(2, 1, 0.5)
    assert torch.equal(again.weight, network.weight)
    assert torch.equal(restored.state[again.weight]["exp_avg"], optimiser.state[network.weight]["exp_avg"])
    assert torch.equal(torch.rand(3), expected)


def test_last_epoch_and_best_weights_are_kept_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    saved(tmp_path, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best-00001.safetensors", "epoch-00003", "run.json"]
    assert set(best_weights(tmp_path, Reached(3, 1, 0.5))) == {"weight", "bias"}


def test_nothing_saved_is_the_beginning(tmp_path: Path) -> None:
    network = Layer(3, 2)
    assert load_state_into(tmp_path / "state", network, AdamW(network.parameters()), CPU) == Reached()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("state.json", "{"),
        ("state.json", '{"format_version": 1, "epoch": "x"}'),
        ("state.json", '{"format_version": 1, "other": 1}'),
        ("optimiser.safetensors", "torn"),
        ("network.safetensors", ""),
    ],
)
def test_torn_file_of_the_state_is_named(tmp_path: Path, name: str, content: str) -> None:
    network, optimiser = saved(tmp_path, 1)
    (tmp_path / "epoch-00001" / name).write_text(content)
    with pytest.raises(InputError, match=name):
        load_state_into(tmp_path, network, optimiser, CPU)
