from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from msftk import testing
from msftk_plugins.losses.evidential import EvidentialLoss, student_nll

POSITIVE = st.floats(0.01, 50)


def outputs(n: int, seed: int = 0) -> dict[str, torch.Tensor]:
    made = torch.rand(4, n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return {"value": made[0], "nu": made[1] + 0.1, "alpha": made[2] + 1.1, "beta": made[3] + 0.1}


def test_it_keeps_the_contract_of_losses() -> None:
    testing.check_loss("evidential")


@given(st.floats(-2, 2), POSITIVE, POSITIVE, POSITIVE, st.floats(-2, 2))
def test_likelihood_is_the_student_t_of_scipy(value: float, nu: float, alpha: float, beta: float, y: float) -> None:
    alpha += 1
    own = student_nll(*torch.tensor([value, nu, alpha, beta, y], dtype=torch.float64))
    width = np.sqrt(beta * (1 + nu) / (nu * alpha))
    assert own.item() == pytest.approx(-stats.t(2 * alpha, value, width).logpdf(y), abs=1e-6, rel=1e-6)


def test_every_person_counts_once_and_padding_not_at_all() -> None:
    said, loss = outputs(5), EvidentialLoss(EvidentialLoss.Options())
    ratings = torch.rand(5, 3, 4, dtype=torch.float64)
    ratings[0, :, 2:] = torch.nan
    ratings[1, 1] = torch.nan  # an attribute that nobody rated
    whole = loss(said, ratings, {}, ())
    padded = torch.cat([ratings, torch.full((5, 3, 2), torch.nan, dtype=torch.float64)], dim=2)
    assert loss(said, padded, {}, ()).item() == pytest.approx(whole.item(), rel=1e-12)
    assert loss(said, ratings.flip(2), {}, ()).item() == pytest.approx(whole.item(), rel=1e-12)
    by_hand = 0.0
    for a in range(3):
        each = []
        for u in range(5):
            y = ratings[u, a][~ratings[u, a].isnan()].numpy()
            if not len(y):
                continue
            g, nu, alpha, beta = (said[k][u, a].item() for k in ("value", "nu", "alpha", "beta"))
            width = np.sqrt(beta * (1 + nu) / (nu * alpha))
            total = beta * (1 + nu) / (nu * (alpha - 1))
            penalty = abs(y.mean() - g) / 60 + 0.1 * abs(y.var() - beta / (alpha - 1))
            each.append(-stats.t(2 * alpha, g, width).logpdf(y).mean() + penalty / total)
        by_hand += np.mean(each)
    assert whole.item() == pytest.approx(by_hand, rel=1e-9)


def test_of_a_mean_alone_no_variance_is_learned() -> None:
    said, loss = outputs(5), EvidentialLoss(EvidentialLoss.Options(mean_weight=0))
    means = torch.rand(5, 3, dtype=torch.float64)
    without = EvidentialLoss(EvidentialLoss.Options(mean_weight=0, variance_weight=0))
    assert loss(said, means, {}, ()).item() == without(said, means, {}, ()).item()
