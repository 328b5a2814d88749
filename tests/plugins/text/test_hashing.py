"""Hashed words: a control with known properties."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msftk.errors import InputError
from msftk.registry import registry

texts = st.lists(st.text(max_size=40), min_size=1, max_size=5)


def encode(texts: list[str], **options: object) -> np.ndarray:
    return registry().create("text-encoder", "hashing", options).encode(texts)


@given(texts)
def test_every_row_has_length_one_or_is_zero_and_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    vectors = encode(texts, dim=8)
    assert vectors.dtype == np.float32
    norms = np.linalg.norm(vectors, axis=1)
    assert all(norm == 0 or abs(norm - 1) < 1e-6 for norm in norms)
    np.testing.assert_array_equal(vectors, np.concatenate([encode([text], dim=8) for text in texts]))


def test_case_punctuation_and_order_do_not_count_and_words_do() -> None:
    one, other, third = encode(["I really didn't mean that", "that, I REALLY didn't mean!", "I didn't mean this"])
    np.testing.assert_array_equal(one, other)
    assert one @ third < 0.999


def test_a_text_without_words_is_zero() -> None:
    assert not encode(["", "?!"]).any()


def test_another_process_gives_the_same_bits() -> None:
    script = (
        "from msftk.registry import registry;"
        "print(registry().create('text-encoder','hashing',{'dim':16}).encode(['stress the word']).tobytes().hex())"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == encode(["stress the word"], dim=16).tobytes().hex()


def test_a_dim_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match=r"text\.dim is 1: Input should be greater than or equal to 2"):
        encode(["x"], dim=1)
