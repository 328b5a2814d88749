from __future__ import annotations

from pathlib import Path

import pytest
from tiny_encoders import convolutional, save_encoder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny encoders by their kind."""
    return {
        name: save_encoder(name, tmp_path_factory.mktemp(name)) for name in (*convolutional(), "whisper", "w2v-bert")
    }
