"""A loaded run that 16 threads share: each gets the numbers that it would get alone, and nothing is built twice."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from published_models import write_published
from tones import voice

from msftk.recipes.predict import Run, load, load_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore
from msftk.types import ATTRIBUTES, SAMPLE_RATE_HZ

THREADS = 16
Result = TypeVar("Result")


def at_once(work: Callable[[int], Result]) -> list[Result]:
    """What each of 16 threads, which begin together, gets."""
    together = threading.Barrier(THREADS, timeout=30)

    def begin(place: int) -> Result:
        together.wait()
        return work(place)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def values(run: Run, given: Sequence[object], store: Store) -> np.ndarray:
    said = run.predict(given, store=store)  # type: ignore[arg-type]
    assert not said.failures
    return np.array([[one.values[attribute] for attribute in ATTRIBUTES] for one in said])


def test_each_thread_gets_what_it_would_get_alone(tiny_run: Path, tone_corpus: Manifest, tmp_path: Path) -> None:
    given = [[tone_corpus.utterances[(place + k) % 24] for k in range(3)] for place in range(THREADS)]
    alone = load(tiny_run, device="cpu")
    expected = [values(alone, one, MemoryStore()) for one in given]
    for shared in (MemoryStore(), Store(tmp_path / "store")):
        run = load(tiny_run, device="cpu")
        found = at_once(lambda place, run=run, shared=shared: values(run, given[place], shared))
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["audeering-dim", "msp-lab"])
def test_a_published_model_and_sound_in_memory_too(name: str, tmp_path: Path) -> None:
    run = load_model(str(write_published(name, tmp_path / "model")), device="cpu")
    given = [[(voice(90 + 10 * place, 0.3 + 0.05 * place), SAMPLE_RATE_HZ)] for place in range(THREADS)]
    expected = [values(run, one, MemoryStore()) for one in given]
    found = at_once(lambda place: values(run, given[place], MemoryStore()))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert len({row.tobytes() for row in np.round(expected, 5)}) == THREADS  # else a mixed-up answer would not show


@pytest.fixture
def often_switched() -> Iterator[None]:
    """Threads take turns a thousand times as often, so that what they must not do at once they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often_switched")
def test_what_prepares_is_built_once_for_all_threads(tiny_run: Path) -> None:
    run, store = load(tiny_run, device="cpu"), MemoryStore()
    for dim in range(8, 16):
        anew = {"text": {"name": "hashing", "dim": dim}}
        assert len({id(one) for one in at_once(lambda _, anew=anew: run.preparations(store, anew, None))}) == 1


def test_in_another_store_nothing_is_built_again_and_the_last_two_are_kept(tiny_run: Path) -> None:
    run, stores = load(tiny_run, device="cpu"), [MemoryStore() for _ in range(3)]
    (first,), (second,) = (run.preparations(store, {}, None) for store in stores[:2])
    assert (first.parts, first.engine) == (second.parts, second.engine)
    assert (first.store, second.store) == (stores[0], stores[1])
    assert first.shelves.f0.shelf is not second.shelves.f0.shelf
    assert run.preparations(stores[0], {}, None) == (first,)
    (third,) = run.preparations(stores[2], {}, None)
    assert third.parts is first.parts
    assert run.preparations(stores[0], {}, None) != (first,)
    (other,) = run.preparations(stores[2], {"text": {"name": "hashing", "dim": 8}}, None)
    assert other.parts is not first.parts
