from __future__ import annotations

import torch

from msftk import testing
from msftk_plugins.poolings.mean import Mean
from msftk_plugins.poolings.pointwise_mean import PointwiseMean


def test_means_keep_the_contract_of_poolings() -> None:
    testing.check_pooling("mean")
    testing.check_pooling("pointwise-mean", hidden=8)


def test_padding_is_no_part_of_the_mean() -> None:
    frames = torch.tensor([[[1.0], [3.0], [torch.nan]]])
    valid = torch.tensor([[True, True, False]])
    assert Mean(Mean.Options(), dim=1)(frames, valid).tolist() == [[2.0]]


def test_layers_of_each_frame_are_what_convolutions_of_width_one_are() -> None:
    pooling = PointwiseMean(PointwiseMean.Options(hidden=4, layers=2), dim=3).eval()
    frames = torch.randn(1, 6, 3)
    first, _, _, second = pooling.each
    convolved = torch.conv1d(frames.transpose(1, 2), first.weight.unsqueeze(-1), first.bias).relu()
    expected = torch.conv1d(convolved, second.weight.unsqueeze(-1), second.bias).mean(dim=2)
    torch.testing.assert_close(pooling(frames, torch.ones(1, 6, dtype=torch.bool)), expected)
