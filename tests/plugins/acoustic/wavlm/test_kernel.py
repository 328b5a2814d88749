"""On a CUDA GPU where there is one, else through Triton's interpreter where Triton is installed."""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType

import pytest
import torch
from torch import Tensor

if find_spec("triton") is None:
    pytest.skip("the package triton is not installed", allow_module_level=True)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

from msftk_plugins.acoustic.wavlm import kernel, sdpa  # noqa: E402


def drawn(lengths: tuple[int, ...], heads: int, dim: int, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """query, key, value, gate and table of a batch whose longest utterance has the most frames."""
    draw = torch.Generator().manual_seed(0)
    shape = (len(lengths), max(lengths), heads)
    qkv = [torch.randn(*shape, dim, generator=draw).to(DEVICE, dtype) for _ in range(3)]
    table = torch.randn(heads, 2 * max(lengths) - 1, generator=draw)
    return [*qkv, torch.rand(shape, generator=draw).mul(2).to(DEVICE), table.to(DEVICE)]


def answer_and_gradients(
    form: ModuleType, inputs: list[Tensor], lengths: tuple[int, ...], dropout: float = 0.0
) -> list[Tensor]:
    leaves = [one.clone().requires_grad_() for one in inputs]
    mask = form.mask(torch.tensor(lengths, device=DEVICE), max(lengths))
    out = form.attend(*leaves[:4], form.positions(leaves[4]), mask, dropout)
    slope = torch.randn(out.shape, generator=torch.Generator().manual_seed(1)).to(out)
    out.backward(slope)
    return [out.detach(), *(one.grad for one in leaves)]


@pytest.mark.parametrize(
    ("lengths", "heads", "dim"),
    [((1,), 1, 8), ((5, 3), 2, 8), ((64, 1), 2, 16), ((65, 64, 63), 1, 64), ((131, 77), 2, 64), ((200,), 1, 80)],
)
def test_answer_and_all_gradients_are_those_of_sdpa(lengths: tuple[int, ...], heads: int, dim: int) -> None:
    inputs = drawn(lengths, heads, dim)
    expected, found = (answer_and_gradients(form, inputs, lengths) for form in (sdpa, kernel))
    for one, other in zip(expected, found, strict=True):
        assert (one - other).norm() <= 1e-5 * one.norm() + 1e-6  # of one frame, query and key have no gradient


def test_same_bits_each_time() -> None:
    inputs = drawn((131, 77), 2, 16)
    once, again = (answer_and_gradients(kernel, inputs, (131, 77)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(once, again, strict=True))


def weights(query: Tensor, key: Tensor, gate: Tensor, table: Tensor, lengths: tuple[int, ...], drop: float) -> Tensor:
    """[batch, query, head, key]: values that are unit vectors make the weights the answer."""
    n = query.shape[1]
    one_hot = torch.eye(n, device=DEVICE)[None, :, None].expand(*query.shape[:3], n).contiguous()
    wide = [torch.nn.functional.pad(part, (0, n - part.shape[-1])) for part in (query, key)]
    mask = kernel.mask(torch.tensor(lengths, device=DEVICE), n)
    return kernel.attend(*wide, one_hot, gate, kernel.positions(table), mask, drop)


def test_dropout_drops_its_share_and_scales_the_rest() -> None:
    lengths = (96, 50)
    query, key, _, gate, table = drawn(lengths, 2, 16)
    torch.manual_seed(3)
    full, thinned = (weights(query, key, gate, table, lengths, drop) for drop in (0.0, 0.3))
    heard = full > 1e-7
    kept = heard & (thinned > 0)
    torch.testing.assert_close(thinned[kept], full[kept] / 0.7, rtol=1e-4, atol=1e-7)
    share = kept.sum() / heard.sum()
    assert abs(share - 0.7) < 4 * (0.21 / heard.sum()) ** 0.5
    by_key = (kept.sum(dim=(0, 1, 2)) / heard.sum(dim=(0, 1, 2)))[:50]
    assert by_key.std() < 1.5 * (0.21 / heard.sum(dim=(0, 1, 2))[:50].float().mean()) ** 0.5  # no key is favoured


def test_gradients_under_dropout_are_those_of_the_weights_that_were_kept() -> None:
    lengths, drop = (96, 50), 0.3
    inputs = drawn(lengths, 2, 96)  # as wide as the utterance is long, so that the weights can be read off
    query, key, _, gate, table = inputs
    torch.manual_seed(3)
    kept = (weights(query, key, gate, table, lengths, drop) > 0).transpose(1, 2)
    torch.manual_seed(3)
    found = answer_and_gradients(kernel, inputs, lengths, drop)
    leaves = [one.clone().requires_grad_() for one in inputs]
    bias = leaves[3].transpose(1, 2).unsqueeze(-1) * sdpa.positions(leaves[4])
    bias = bias + sdpa.mask(torch.tensor(lengths, device=DEVICE), max(lengths))
    scores = torch.einsum("bqhd,bkhd->bhqk", leaves[0], leaves[1]) / 96**0.5 + bias
    out = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1) * kept / (1 - drop), leaves[2])
    out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(1)).to(out))
    for one, other in zip([out.detach(), *(leaf.grad for leaf in leaves)], found, strict=True):
        assert (one - other).norm() <= 1e-5 * one.norm()


@pytest.mark.skipif(DEVICE == "cpu", reason="bfloat16 products are the GPU's")
def test_half_precision_is_as_near_to_float64_as_sdpa_in_half_precision() -> None:
    lengths = (599, 301)
    inputs = drawn(lengths, 4, 64, torch.bfloat16)
    exact = answer_and_gradients(sdpa, [one.double() for one in inputs], lengths)
    ours, theirs = (answer_and_gradients(form, inputs, lengths) for form in (kernel, sdpa))
    for truth, one, other in zip(exact, ours, theirs, strict=True):
        assert (one - truth).norm() <= 1.2 * (other - truth).norm() + 1e-3 * truth.norm()
