"""Clusters are told by speaker or session, and their moments are those of their utterances, in any order."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from msftk.evaluation.ccc import ccc_of_moments, moments, origin_of
from msftk.evaluation.clusters import cluster_moments, clusters_of, effective_clusters
from msftk.types import Utterance


def test_unknown_speakers_are_clusters_of_their_own_and_listed() -> None:
    utterances = [Utterance(f"u{k}", Path("a.wav"), speaker=s) for k, s in enumerate(["x", None, "x", None, "?u1"])]
    clusters = clusters_of(utterances)
    assert clusters.n == 4
    assert clusters.unknown == ("u1", "u3")


def test_who_speaks_most_counts_for_few() -> None:
    alike = [Utterance(f"{k}", None, session=f"{k % 4}") for k in range(20)]
    assert clusters_of(alike, "session").effective == 4
    assert clusters_of([*alike, *(Utterance(f"more{k}", None, session="0") for k in range(60))], "session").n == 4
    assert effective_clusters(np.array([65.0, 5, 5, 5])) == 80**2 / (65**2 + 3 * 5**2)


def rated(n: int, n_systems: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    random = np.random.default_rng(7)
    truth = random.normal(4, 1, (n, 3))
    said = truth[:, None] + random.normal(0.2, 0.8, (n, n_systems, 3))
    truth[::7, 1] = np.nan
    said[::5, 0, 2] = np.nan
    return said, truth, [f"s{k}" for k in random.integers(0, 9, n)]


def test_moments_of_each_cluster_are_those_of_its_utterances() -> None:
    said, truth, labels = rated(200, 1)
    found = cluster_moments(said[:, 0], truth, labels)
    for row, name in enumerate(sorted(set(labels))):
        own = [place for place, label in enumerate(labels) if label == name]
        np.testing.assert_allclose(found[row], moments(said[own, 0], truth[own], origin_of(truth)), atol=1e-9)
    whole = ccc_of_moments(moments(said[:, 0], truth, 0.0))
    np.testing.assert_allclose(ccc_of_moments(found.sum(0)), whole, atol=1e-12)


def test_several_systems_at_once_are_each_as_alone() -> None:
    said, truth, labels = rated(200, 2)
    both = cluster_moments(said, truth[:, None], labels)
    assert both.shape == (9, 2, 3, 6)
    for system in range(2):
        np.testing.assert_array_equal(both[:, system], cluster_moments(said[:, system], truth, labels))
