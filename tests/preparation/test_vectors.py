from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from msftk.errors import MsftkError
from msftk.preparation.parts import Part
from msftk.preparation.vectors import BATCH, encode, text_key, unknown_texts, vector_dim
from msftk.store.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def encoder(answer: object, dim: int = 2) -> Part:
    """A text encoder that gives `answer` to whatever it is asked."""
    part: Part = SimpleNamespace(name="mine", component=SimpleNamespace(dim=dim, encode=lambda texts: answer))  # type: ignore[assignment]
    return part


def test_a_text_is_encoded_once_whoever_says_it_and_with_those_of_its_length(shelf: Shelf) -> None:
    texts = [f"{'long ' * (k % 2)}text {k}" for k in range(40)]
    shelf.put(text_key(texts[0]), {"vector": np.zeros(2, np.float32)})
    batches = unknown_texts([*texts, *texts], shelf)
    assert [len(batch) for batch in batches] == [BATCH, 39 - BATCH]
    assert sorted(text for batch in batches for text in batch) == sorted(texts[1:])
    lengths = [len(text) for batch in batches for text in batch]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("answer", [np.zeros((1, 2)), np.zeros((2, 3)), np.full((2, 2), np.nan)])
def test_an_encoder_that_breaks_its_word_is_named(answer: np.ndarray) -> None:
    with pytest.raises(MsftkError, match=r"text encoder 'mine' returned shape .*expected \(2, 2\) of finite numbers"):
        encode(encoder(answer), ("a", "b"))
    assert encode(encoder([[1, 2], [3, 4]]), ("a", "b")).dtype == np.float32


def test_a_stored_vector_tells_the_size_without_the_model(shelf: Shelf) -> None:
    assert vector_dim(encoder(None, dim=7), shelf) == 7
    shelf.put(text_key("a"), {"vector": np.zeros(3, np.float32)})
    assert vector_dim(SimpleNamespace(name="unloaded"), shelf) == 3  # type: ignore[arg-type]
