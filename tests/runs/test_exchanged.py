from __future__ import annotations

import numpy as np
import pytest
from small_corpus import tiny_settings

from msftk.models.randomness import seeded
from msftk.models.where import CPU
from msftk.preparation.extract import extract
from msftk.runs.exchanged import exchanged
from msftk.runs.inputs import Examples, Inputs
from msftk.store.features import Store
from msftk.store.manifest import Manifest


@pytest.mark.parametrize("n", [0, 2, 3, 50])
def test_everyone_reads_another_and_everyone_is_read_once(n: int) -> None:
    ids = [f"u{k}" for k in range(n)]
    pairs = exchanged(ids)
    assert sorted(pairs) == sorted(pairs.values()) == sorted(ids)
    assert all(own != other for own, other in pairs.items())


def test_one_that_is_alone_reads_itself() -> None:
    assert exchanged(["a"]) == {"a": "a"}


def test_of_an_exchanged_source_alone_each_example_reads_anothers_vector(
    tone_corpus: Manifest, tone_store: Store
) -> None:
    settings = tiny_settings("data.exchanged=les")
    prepared = extract(tone_corpus.utterances, settings, tone_store, with_f0=True)
    with seeded(0, CPU.device):
        encoder = settings.create("acoustic")

    def vectors(*sources: str) -> dict[str, np.ndarray]:
        inputs = Inputs(prepared, 1.0, exchanged=sources)
        examples = Examples(tone_corpus.utterances, inputs, encoder, tone_corpus.scale, {})
        batch = examples.part(np.arange(len(examples))).batch(range(len(examples)))
        here = {source: present.numpy() for source, present in batch.present.items()}
        return {source: vector.numpy() for source, vector in batch.vectors.items()} | {"here": here["les"]}

    own, other = vectors(), vectors("les")
    np.testing.assert_array_equal(own["gs"], other["gs"])
    np.testing.assert_array_equal(own["here"], other["here"])  # who has none goes on having none
    assert not np.array_equal(own["les"], other["les"])
    assert sorted(map(tuple, own["les"])) == sorted(map(tuple, other["les"]))
