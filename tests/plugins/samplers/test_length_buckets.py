"""Samplers keep their contract; length buckets of before the kind gave these very steps."""

from __future__ import annotations

import numpy as np
import pytest

from msftk import testing
from msftk.registry import registry
from msftk.types import Utterance


@pytest.mark.parametrize("name", registry().names("sampler"))
def test_built_in_samplers_keep_their_contract(name: str) -> None:
    testing.check_sampler(name)


def test_steps_are_those_that_runs_of_before_had() -> None:
    sampler = registry().create("sampler", "length-buckets", utterances=[Utterance(f"u{k}", None) for k in range(9)])
    lengths = np.array([500, 90, 410, 120, 700, 95, 300, 210, 660])
    steps = sampler.steps(lengths, 4, np.random.default_rng([3, 2]))
    random = np.random.default_rng([3, 2])  # as it stood in msftk.training.batches
    key = np.log(lengths) + random.uniform(-0.25, 0.25, 9)
    expected = list(np.array_split(np.argsort(key, kind="stable"), 3))
    random.shuffle(expected)
    assert [step.tolist() for step in steps] == [step.tolist() for step in expected]
