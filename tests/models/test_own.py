"""Trained parts own their state: an adapter from outside saves what it trains, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from outside import adapter
from safetensors.numpy import load_file
from small_corpus import TINY, tiny_settings
from torch import nn

from msftk.models.build import build_network
from msftk.models.own import load_own_state, own_state, parameter_groups
from msftk.models.targets import rebuilt_targets
from msftk.recipes.evaluate import evaluate
from msftk.recipes.train import train
from msftk.registry import registry
from msftk.runs.folder import RunFolder
from msftk.runs.model import load_model
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest


@pytest.fixture
def adapters() -> Iterator[None]:
    """The package is installed while a test runs."""
    found = registry()
    before = dict(found._plugins)
    found.add(adapter, "outside 1.0")
    yield
    found._plugins = before
    found._manager.unregister(adapter)


@pytest.mark.usefixtures("adapters")
def test_run_of_an_adapter_keeps_what_it_trains_and_comes_back(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    own = [one for one in TINY if not one.startswith("acoustic.")]
    settings = load_settings("tiny", None, [*own, "acoustic.name=adapter"], environment={})
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    kept = load_file(RunFolder(tmp_path / "run").model_file)
    assert {name for name in kept if name.startswith("acoustic.")} == {"acoustic.weight", "acoustic.bias"}
    encoder = load_model(tmp_path / "run").network.acoustic
    np.testing.assert_array_equal(encoder.layer.weight.detach().numpy(), kept["acoustic.weight"])
    assert torch.equal(encoder.base.weight, adapter.BASE.weight)
    anew = evaluate(tmp_path / "run", tone_corpus, "test", store=tone_store, device="cpu")
    assert anew.ccc == pytest.approx(evaluate(tmp_path / "run", split="test").ccc, abs=1e-6)


def network() -> nn.Module:
    dims, groups = {"gs": 5, "es": 5}, {"gs": "transcript", "es": "extended"}
    return build_network(tiny_settings(semantics=("gs", "es")), dims, groups, rebuilt_targets({"vad": ("valence",)}))


def test_parts_that_say_nothing_are_kept_whole_under_the_networks_names() -> None:
    one = network()
    state = own_state(one)  # type: ignore[arg-type]
    assert state.keys() == one.state_dict().keys()
    assert all(torch.equal(value, one.state_dict()[name]) for name, value in state.items())
    other = network()
    load_own_state(other, state)  # type: ignore[arg-type]
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in state.items())


def test_every_trainable_parameter_is_in_one_group_in_the_networks_order() -> None:
    one = network()
    grouped = [id(p) for group in parameter_groups(one) for p in group.parameters]  # type: ignore[arg-type]
    assert grouped == [id(p) for p in one.parameters() if p.requires_grad]


@pytest.mark.parametrize(("name", "words"), [("acoustic.first.weight", "Missing key"), ("surplus", "Unexpected key")])
def test_state_that_does_not_fit_is_refused(name: str, words: str) -> None:
    one = network()
    state = own_state(one)  # type: ignore[arg-type]
    state = {**state, name: torch.zeros(1)} if name == "surplus" else {k: v for k, v in state.items() if k != name}
    with pytest.raises(RuntimeError, match=words):
        load_own_state(one, state)  # type: ignore[arg-type]
