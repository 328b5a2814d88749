"""A tiny audio-language model of random weights, saved once for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_qwen2_audio import save_tiny_qwen2_audio


@pytest.fixture(scope="session")
def qwen2_audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_qwen2_audio(tmp_path_factory.mktemp("models") / "tiny-qwen2-audio")
