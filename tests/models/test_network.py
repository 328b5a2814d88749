from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from reference import equations
from reference.weights import shaken, weights

from msftk.models.batch import Batch, make_batch
from msftk.models.build import build_network, group_members
from msftk.models.network import SerNetwork
from msftk.models.own import parameter_groups
from msftk.models.targets import rebuilt_targets
from msftk.settings import Settings
from msftk.types import ATTRIBUTES

DIMS = {"gs": 6, "les": 6, "es": 4}
VAD = {"vad": ATTRIBUTES}
GROUPS = {"gs": "transcript", "les": "transcript", "es": "extended"}
FUSIONS: dict[str, dict[str, object]] = {
    "none": {"name": "none"},
    "concat": {"name": "concat"},
    "concat gated": {"name": "concat", "group_merge": "gated"},
    "semantics only": {"name": "semantics-only"},
    "film": {"name": "film", "hidden": 8},
    "film at frames": {"name": "film", "hidden": 8, "film_at": "frames", "group_merge": "gated"},
    "semantics ask frames": {"name": "cross-attention", "hidden": 8},
    "frames ask semantics": {"name": "cross-attention", "hidden": 8, "query": "frames"},
    "fm-moe": {"name": "fm-moe", "hidden": 8},
    "fm-moe other": {
        "name": "fm-moe",
        "hidden": 8,
        "film_at": "frames",
        "expert_c": "cumulative",
        "router": "conditional",
    },
}
PARTS = [*((fusion, "gated") for fusion in FUSIONS), ("fm-moe", "attention"), ("fm-moe", "concat")]
N_FEATURES = 14  # 4 bands, energy, log-F0, voicing, and their deltas


def make_settings(fusion: str = "fm-moe", source_dropout: float = 0.1, intra: str = "gated") -> Settings:
    return Settings.model_validate(
        {
            "acoustic": {"name": "logmel", "bands": 4, "channels": 6, "layers": 2},
            "text": {"name": "hashing"},
            "describer": {"name": "measured"},
            "intra": {"name": intra},
            "fusion": FUSIONS[fusion],
            "head": {"name": "regression", "hidden": 5},
            "data": {"source_dropout": source_dropout},
        }
    )


def make_network(
    fusion: str = "fm-moe", dims: dict[str, int] = DIMS, source_dropout: float = 0.1, intra: str = "gated"
) -> SerNetwork:
    torch.manual_seed(0)
    groups = {source: GROUPS[source] for source in dims}
    network = build_network(make_settings(fusion, source_dropout, intra), dims, groups, rebuilt_targets(VAD))
    return shaken(network)


@cache
def network_of(fusion: str, intra: str) -> SerNetwork:
    """A network that many examples share, in evaluation mode."""
    return make_network(fusion, intra=intra)


def random_batch(lengths: list[int], present: np.ndarray | None = None, seed: int = 0) -> Batch:
    """`present` [batch, source] bool; vectors of absent sources are missing."""
    rng = np.random.default_rng(seed)
    prepared = [torch.from_numpy(rng.normal(size=(n, N_FEATURES)).astype(np.float32)) for n in lengths]
    present = np.ones((len(lengths), len(DIMS)), bool) if present is None else present
    drawn = {source: rng.normal(size=(len(lengths), dim)).astype(np.float32) for source, dim in DIMS.items()}
    vectors = {
        source: [row if here else None for row, here in zip(drawn[source], present[:, place], strict=True)]
        for place, source in enumerate(DIMS)
    }
    return make_batch([str(n) for n in range(len(lengths))], prepared, vectors, DIMS)


def test_network_equals_equations_3_to_7() -> None:
    network = make_network()
    present = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 0]], bool)
    batch = random_batch([9, 4, 1, 6], present)
    with torch.no_grad():
        frames, valid = network.acoustic(batch.inputs, batch.lengths)
        output = network(batch)
    values = {source: [equations.standardised(x) for x in batch.vectors[source].double().numpy()] for source in DIMS}
    for row in range(4):
        real = frames[row, valid[row]].double().numpy()
        h_audio = equations.attentive_statistics(real, weights(network.pooling))
        gs, les, es = present[row]
        if gs and les:
            h_sem = equations.gated(values["les"][row], values["gs"][row], weights(network.intra["transcript"]))
        else:
            h_sem = values["gs"][row] if gs else values["les"][row] if les else None
        groups = {"transcript": h_sem, "extended": values["es"][row] if es else None}
        experts, routing = equations.fm_moe(h_audio, groups, weights(network.fusion))
        heads = weights(network.heads["vad"])
        by_expert = np.array([[equations.head(expert, heads, name) for name in ATTRIBUTES] for expert in experts])
        np.testing.assert_allclose(output.answers["vad"].routing[row], routing, rtol=1e-5)
        np.testing.assert_allclose(output.answers["vad"].experts["value"][row], by_expert, rtol=1e-4, atol=1e-5)
        expected = equations.mixture(by_expert, routing)
        np.testing.assert_allclose(output.answers["vad"].outputs["value"][row], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("fusion", "intra"), PARTS)
@profile(max_examples=15, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    present=st.lists(st.booleans(), min_size=15, max_size=15),
    seed=st.integers(0, 1000),
)
def test_padding_and_batch_order_change_nothing(
    fusion: str, intra: str, lengths: list[int], present: list[bool], seed: int
) -> None:
    network = network_of(fusion, intra)
    mask = np.array(present).reshape(5, 3)[: len(lengths)]
    batch = random_batch(lengths, mask, seed)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(lengths)))
    padded = torch.nn.functional.pad(batch.inputs[order], (0, 0, 0, 5), value=float("nan"))
    other = Batch(
        padded,
        batch.lengths[order],
        {source: vector[order] for source, vector in batch.vectors.items()},
        {source: here[order] for source, here in batch.present.items()},
        tuple(batch.ids[i] for i in order),
    )
    with torch.no_grad():
        first, second = network(batch), network(other)
    # sums over other shapes round differently in float32, a few units in the last place
    torch.testing.assert_close(
        second.answers["vad"].outputs["value"], first.answers["vad"].outputs["value"][order], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(("fusion", "intra"), PARTS)
@profile(max_examples=15, deadline=None)
@given(present=st.lists(st.booleans(), min_size=9, max_size=9), seed=st.integers(0, 1000))
def test_an_absent_source_has_no_influence(fusion: str, intra: str, present: list[bool], seed: int) -> None:
    network = network_of(fusion, intra)
    batch = random_batch([5, 8, 3], np.array(present).reshape(3, 3), seed)
    for source, here in batch.present.items():
        garbage = batch.vectors[source].clone()
        garbage[~here] = float("nan")
        with torch.no_grad():
            expected, found = (
                network(batch),
                network(Batch(**{**vars(batch), "vectors": {**batch.vectors, source: garbage}})),
            )
        assert torch.equal(found.answers["vad"].outputs["value"], expected.answers["vad"].outputs["value"])


@pytest.mark.parametrize("fusion", ["fm-moe", "fm-moe other"])
@profile(max_examples=15, deadline=None)
@given(present=st.lists(st.booleans(), min_size=9, max_size=9))
def test_routing_sums_to_one_over_present_experts(fusion: str, present: list[bool]) -> None:
    network = network_of(fusion, "gated")
    mask = np.array(present).reshape(3, 3)
    with torch.no_grad():
        routing = network(random_batch([5, 8, 3], mask)).answers["vad"].routing.numpy()
    assert network.expert_names == ("acoustic", "transcript", "extended")
    np.testing.assert_allclose(routing.sum(axis=-1), 1, rtol=1e-6)
    here = np.column_stack([np.ones(3, bool), mask[:, :2].any(axis=1), mask[:, 2]])
    assert ((routing > 0) == here[:, None, :]).all()


@pytest.mark.parametrize(("fusion", "intra"), PARTS)
def test_bfloat16_of_mixed_precision_gives_nearly_the_same(fusion: str, intra: str) -> None:
    network = network_of(fusion, intra)
    batch = random_batch([9, 4, 6], np.array([[1, 1, 1], [1, 0, 0], [0, 0, 0]], bool))
    with torch.no_grad():
        expected = network(batch).answers["vad"].outputs["value"]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = network(batch).answers["vad"].outputs["value"]
    torch.testing.assert_close(found.float(), expected, rtol=0.05, atol=0.05)


def test_outputs_are_the_experts_mixed_by_routing() -> None:
    output = make_network()(random_batch([5, 8]))
    mixed = torch.einsum("bka,bak->ba", output.answers["vad"].experts["value"], output.answers["vad"].routing)
    torch.testing.assert_close(output.answers["vad"].outputs["value"], mixed)
    assert set(output.features) == {"pooled", "fused", "transcript", "extended"}


def test_source_dropout_hides_sources_in_training_only() -> None:
    network = make_network(source_dropout=0.5)
    batch = random_batch([4] * 64)
    assert (network(batch).answers["vad"].routing > 0).all()
    network.train()
    torch.manual_seed(1)
    first = network(batch).answers["vad"].routing
    hidden = (first[:, 0, 2] == 0).float().mean()  # "extended" holds one source, es
    assert 0.3 < hidden < 0.7
    torch.manual_seed(1)
    assert torch.equal(network(batch).answers["vad"].routing, first)


def test_without_source_dropout_training_sees_every_source() -> None:
    network = make_network(source_dropout=0.0).train()
    assert (network(random_batch([4] * 16)).answers["vad"].routing > 0).all()


def test_semantic_noise_moves_training_only_and_leaves_absent_sources_out() -> None:
    network = make_network(source_dropout=0.0)
    present = np.ones((4, len(DIMS)), dtype=bool)
    present[0] = False
    batch = random_batch([4] * 4, present)
    quiet = network(batch).features
    assert torch.equal(network(batch).features["transcript"], quiet["transcript"])
    network.train()
    torch.manual_seed(1)
    heard = network(batch).features["transcript"]
    assert not torch.isclose(heard[1:], quiet["transcript"][1:]).any()
    assert (heard[0] == 0).all()
    torch.manual_seed(1)
    assert torch.equal(network(batch).features["transcript"], heard)
    network.semantic_noise = 0.0
    assert torch.equal(network(batch).features["transcript"], quiet["transcript"])


def test_sources_of_one_group_with_other_dims_are_projected_to_the_widest() -> None:
    network = build_network(make_settings(), {"gs": 6, "les": 3}, GROUPS, rebuilt_targets(VAD))
    assert set(network.projections) == {"les"}
    assert network.projections["les"].weight.shape == (6, 3)
    assert not make_network().projections


def test_groups_keep_the_order_of_sources() -> None:
    assert group_members({"es": 1, "les": 1, "gs": 1}, GROUPS) == {"extended": ("es",), "transcript": ("les", "gs")}


def test_network_without_semantics_predicts_from_sound() -> None:
    network = make_network("none", dims={})
    batch = random_batch([5, 8])
    assert network(batch).answers["vad"].outputs["value"].shape == (2, 3)
    assert network.acoustic_config is None
    assert {group.rate for group in parameter_groups(network)} == {"scratch"}


def test_source_dropout_hides_that_share_of_the_present_sources() -> None:
    network = make_network(source_dropout=0.2).train()
    seen = network._seen(torch.ones(4000, dtype=torch.bool))
    assert 0.77 < seen.float().mean() < 0.83
    assert not network._seen(torch.zeros(10, dtype=torch.bool)).any()
