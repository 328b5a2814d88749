from __future__ import annotations

import torch

from msftk_plugins.acoustic.moments import SD_FLOOR, moments


def test_moments_of_pieces_are_those_of_the_whole() -> None:
    rows = torch.randn(50, 3) * torch.tensor([1.0, 10.0, 0.1]) + torch.tensor([5.0, -3.0, 0.0])
    mean, sd = moments(rows.split([1, 20, 29]))
    torch.testing.assert_close(mean, rows.double().mean(dim=0))
    torch.testing.assert_close(sd, rows.double().std(dim=0, correction=0))


def test_what_never_varies_has_the_floor_as_its_deviation() -> None:
    _, sd = moments([torch.full((4, 1), -18.4)])
    assert sd.item() == SD_FLOOR
