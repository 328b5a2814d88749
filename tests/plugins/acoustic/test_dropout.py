from __future__ import annotations

import pytest
import torch
from torch import nn

from msftk_plugins.acoustic.dropout import Dropout, dropped, replace_dropouts


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.999])
def test_the_share_and_the_scale_are_those_of_torch(p: float) -> None:
    torch.manual_seed(0)
    found = dropped(torch.ones(999, 1001), p)
    kept = found > 0
    assert abs(kept.float().mean() - (1 - p)) < 6 * (p * (1 - p) / kept.numel()) ** 0.5 + 2**-17
    torch.testing.assert_close(found[kept].unique(), torch.tensor([1 / (1 - p)]), rtol=2**-17 / (1 - p), atol=0)


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(0)
    left_out = (dropped(torch.ones(1_000_000), 0.3) == 0).float()
    for distance in (1, 2, 3, 4, 8):
        both = (left_out[:-distance] * left_out[distance:]).mean()
        assert abs(both - 0.09) < 0.002, distance


def test_the_gradient_is_that_of_what_was_kept() -> None:
    x = torch.randn(3, 7, requires_grad=True)  # 21 elements: no whole number of draws
    found = dropped(x, 0.5)
    found.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad * x, found)


def test_nothing_is_dropped_in_evaluation_and_seeds_decide_in_training() -> None:
    x, one = torch.ones(50, 50), Dropout(0.3)
    assert one.eval()(x) is x
    one.train()
    torch.manual_seed(3)
    first = one(x)
    torch.manual_seed(3)
    assert torch.equal(one(x), first)
    assert not torch.equal(one(x), first)
    assert not Dropout(1.0)(x).any()


def test_a_model_keeps_its_probabilities_and_names() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.1)), nn.Dropout(0.4))
    names = list(model.state_dict())
    replace_dropouts(model)
    found = [part.p for part in model.modules() if isinstance(part, Dropout)]
    assert found == [0.1, 0.4]
    assert list(model.state_dict()) == names
