from __future__ import annotations

import numpy as np

from msftk.evaluation.bootstrap import cluster_counts


def test_as_many_clusters_are_drawn_as_there_are_each_as_often_as_any_other() -> None:
    parts = list(cluster_counts(7, 1100, seed=5))
    assert [len(part) for part in parts] == [250, 250, 250, 250, 100]
    counts = np.concatenate(parts)
    assert (counts.sum(axis=1) == 7).all()
    np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=0.15)
    np.testing.assert_allclose(counts.var(axis=0), 6 / 7, atol=0.15)  # multinomial
    assert len({tuple(row) for row in counts.tolist()}) > 500


def test_a_seed_draws_the_same_again() -> None:
    one, again, other = (np.concatenate(list(cluster_counts(9, 300, seed))) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
