"""Batches of a large network: as large as memory takes, side by side on a CPU, and the numbers of any other batches."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from msftk.models.batch import Batch
from msftk.models.where import CPU
from msftk.recipes.predict import load
from msftk.runs import at_once
from msftk.runs.inputs import Examples, Inputs
from msftk.runs.model import Model
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore
from msftk.types import ATTRIBUTES

BYTES_A_FRAME = 8 * 4  # of the widest tensor of the tiny encoder: 8 channels of float32


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network counts as a large one."""
    monkeypatch.setattr(at_once, "SMALL_PARAMETERS", 0)


@pytest.mark.parametrize("n_cores", [1, 2, 64])
@pytest.mark.usefixtures("large")
def test_predictions_do_not_depend_on_it(
    n_cores: int, tiny_run: Path, tone_corpus: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    found = load(tiny_run, "cpu").predict(tone_corpus, store=store)
    monkeypatch.setattr(at_once, "cores", lambda: n_cores)
    monkeypatch.setattr(at_once, "ON_CPU", 3 * 90 * BYTES_A_FRAME)
    again = load(tiny_run, "cpu").predict(tone_corpus, store=store)
    monkeypatch.setattr(at_once, "SMALL_PARAMETERS", 10**9)
    expected = load(tiny_run, "cpu").predict(tone_corpus, store=store)
    assert [one.id for one in again] == [one.id for one in expected]
    for one in (found, again):
        np.testing.assert_allclose(one.predictions.values, expected.predictions.values, atol=1e-5)
        np.testing.assert_allclose(one.predictions.contributions, expected.predictions.contributions, atol=1e-5)
    assert list(again.predictions.gates) == list(expected.predictions.gates)
    assert all(np.isfinite([one.values[a] for a in ATTRIBUTES]).all() for one in again)


def examples_of(model: Model, corpus: Manifest) -> Examples:
    """Of four utterances of 0.9 s, 0.6 s, 0.3 s and 0.3 s."""
    ends_s = (0.9, 0.6, 0.3, 0.3)
    cut = [replace(u, start_s=0.0, end_s=end) for u, end in zip(corpus.utterances[4:8], ends_s, strict=True)]
    prepared = load(model.run, "cpu").preparations(MemoryStore(), {}, None)[0].prepare(cut, with_f0=True)
    inputs = Inputs(prepared, 12.0)
    inputs.read_all(cut, model.network.acoustic)
    return Examples(cut, inputs, model.network.acoustic, model.scale, model.network.targets)


@pytest.mark.usefixtures("large")
def test_a_batch_is_no_larger_than_memory_takes_and_the_longest_goes_first(
    tiny_run: Path, tone_corpus: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(tiny_run, "cpu").ensemble.models[0]
    examples, threads = examples_of(model, tone_corpus), set()

    def answer(batch: Batch) -> int:
        threads.add(threading.current_thread())
        with torch.inference_mode():
            model.network(batch, model.network.listen(batch))
        return len(batch.lengths)

    def sizes(n_bytes: float, n_cores: int = 1) -> list[int]:
        threads.clear()
        monkeypatch.setattr(at_once, "cores", lambda: n_cores)
        monkeypatch.setattr(at_once, "free_bytes", lambda _: n_bytes * at_once.SHARE)
        found = list(at_once.batch_by_batch(model.network, examples, answer, None, apart=True, where=CPU))
        assert sorted(row for rows, _ in found for row in rows) == [0, 1, 2, 3]
        assert found[0][0].tolist() == [0]
        return [n for _, n in found]

    with at_once._watched(model.network) as seen:
        answer(examples.batch([0]))
    widest = max(seen)
    assert sizes(widest / 10) == [1, 1, 1, 1]
    assert sizes(widest * 0.7) == [1, 1, 2]  # one of 0.6 s, or two of 0.3 s, and these last
    assert sizes(widest * 10) == [1, 3]
    assert len(threads) == 2  # the longest here, the others beside
    assert sizes(widest * 10, n_cores=2) == [1, 3]  # too few for two cores
    assert threads == {threading.current_thread()}
    assert not any(module._forward_hooks for module in model.network.modules())


@pytest.mark.parametrize(("n", "n_cores", "n_batches"), [(99, 0, 4), (255, 2, 32), (20, 2, 4), (5, 2, 2), (64, 64, 64)])
def test_each_core_answers_as_many_batches(n: int, n_cores: int, n_batches: int) -> None:
    assert -(-n // at_once._most(n, n_cores)) == n_batches
