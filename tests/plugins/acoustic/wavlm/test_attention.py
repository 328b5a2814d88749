from __future__ import annotations

import copy
import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers import WavLMConfig
from transformers.models.wavlm.modeling_wavlm import WavLMAttention

from msftk_plugins.acoustic.wavlm import sdpa
from msftk_plugins.acoustic.wavlm.attention import GatedAttention, buckets

HEADS, DIM = 4, 32


def attention_of_transformers(dropout: float = 0.0) -> WavLMAttention:
    torch.manual_seed(0)
    one = WavLMAttention(DIM, HEADS, dropout=dropout)
    for parameter in one.parameters():
        nn.init.normal_(parameter, std=0.3)
    return one.eval()


def answer_and_gradients(one: nn.Module, hidden: Tensor, lengths: list[int]) -> dict[str, Tensor]:
    """Of a loss with a slope at every valid frame."""
    n = hidden.shape[1]
    hidden, valid = hidden.clone().requires_grad_(), torch.arange(n) < torch.tensor(lengths).unsqueeze(1)
    if isinstance(one, GatedAttention):
        mask, positions = sdpa.mask(torch.tensor(lengths), n), sdpa.positions(one.table(n))
        out = one(hidden, mask, positions)[0]
    else:
        out = one(hidden, attention_mask=valid)[0]
    slope = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    (out * slope * valid.unsqueeze(-1)).sum().backward()
    return {"out": out.detach(), "hidden": hidden.grad, **{name: p.grad for name, p in one.named_parameters()}}


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 150), shares=st.lists(st.floats(0.01, 1.0), min_size=0, max_size=3), seed=st.integers(0, 99))
def test_answer_and_all_gradients_are_those_of_transformers(n: int, shares: list[float], seed: int) -> None:
    lengths = [n, *(math.ceil(share * n) for share in shares)]
    theirs = attention_of_transformers()
    ours = GatedAttention(copy.deepcopy(theirs), sdpa.attend)
    hidden = torch.randn(len(lengths), n, DIM, generator=torch.Generator().manual_seed(seed))
    expected, found = answer_and_gradients(theirs, hidden, lengths), answer_and_gradients(ours, hidden, lengths)
    assert expected.keys() == found.keys()
    nothing = 1e-6 * max(one.norm() for one in expected.values())  # the key's bias changes no weight: rounding is left
    for name, one in expected.items():
        assert (one - found[name]).norm() <= 1e-5 * one.norm() + nothing, name


def test_parameters_keep_the_names_of_the_checkpoint() -> None:
    theirs = attention_of_transformers()
    assert GatedAttention(theirs, sdpa.attend).state_dict().keys() == theirs.state_dict().keys()


def test_buckets_are_those_of_transformers() -> None:
    distances, config = torch.arange(-3000, 3001), WavLMConfig()
    expected = attention_of_transformers()._relative_positions_bucket(distances)
    assert torch.equal(buckets(distances, config.num_buckets, config.max_bucket_distance), expected)


def test_dropout_is_as_wide_as_that_of_transformers() -> None:
    """Mean and spread of a frame over many draws."""
    theirs = attention_of_transformers(dropout=0.4).train()
    ours = GatedAttention(copy.deepcopy(theirs), sdpa.attend)
    hidden = torch.randn(1, 9, DIM).expand(4000, -1, -1).contiguous()
    with torch.no_grad():
        expected, found = (
            theirs(hidden)[0],
            ours.train()(hidden, sdpa.mask(torch.full((4000,), 9), 9), sdpa.positions(ours.table(9)))[0],
        )
    spread = expected.std(0)
    assert ((expected.mean(0) - found.mean(0)).abs() < 6 * spread / 4000**0.5).all()
    torch.testing.assert_close(found.std(0), spread, rtol=0.15, atol=1e-3)


def test_an_adapter_on_a_projection_is_heard() -> None:
    """transformers reads the projections' weights past the modules, so that an adapter there would change nothing."""
    ours = GatedAttention(attention_of_transformers(), sdpa.attend)
    hidden, positions = torch.randn(1, 5, DIM), sdpa.positions(ours.table(5))
    before = ours(hidden, torch.zeros(1, 1, 1, 5), positions)[0]
    ours.q_proj.register_forward_hook(lambda _, __, out: 2 * out)
    assert not torch.allclose(ours(hidden, torch.zeros(1, 1, 1, 5), positions)[0], before)
