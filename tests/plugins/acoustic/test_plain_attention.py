from __future__ import annotations

import torch

from msftk_plugins.acoustic.plain_attention import PlainAttention, mask


@torch.no_grad()
def test_it_is_the_weighted_mean_of_the_frames_that_are_heard() -> None:
    torch.manual_seed(0)
    attention, hidden = PlainAttention(8, 2, 0.5).eval(), torch.randn(2, 5, 8)
    n_frames = torch.tensor([5, 3])
    heard = mask(n_frames, 5)
    assert heard is not None
    found = attention(hidden, heard)[0]
    for row, n in zip(range(2), (5, 3), strict=True):
        query, key, value = (
            project(hidden[row]).unflatten(-1, (2, 4))
            for project in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        weights = torch.einsum("qhd,khd->hqk", query, key[:n]).div(2.0).softmax(-1)
        mixed = torch.einsum("hqk,khd->qhd", weights, value[:n]).flatten(1)
        torch.testing.assert_close(found[row], attention.out_proj(mixed))
    torch.testing.assert_close(attention(hidden, heard, n_queries=2)[0], found[:, :2])


def test_no_mask_where_all_is_heard() -> None:
    assert mask(torch.tensor([4, 4]), 4) is None
    assert PlainAttention(8, 2, 0.0, key_bias=False).k_proj.bias is None
