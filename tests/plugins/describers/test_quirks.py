"""The table of quirks names model types, auto classes, parts and methods that transformers has."""

from __future__ import annotations

from importlib import import_module

import pytest

from msftk_plugins.describers.quirks import ORDINARY, QUIRKS


@pytest.mark.parametrize("kind", [*QUIRKS, "qwen2_audio", "phi4_multimodal", "granite_speech"])
def test_the_auto_class_knows_the_model_type(kind: str) -> None:
    from transformers.models.auto import modeling_auto

    quirks = QUIRKS.get(kind, ORDINARY)
    mapping = getattr(modeling_auto, quirks.loader)._model_mapping._model_mapping
    assert kind in mapping
    if quirks.disable:
        source = import_module(f"transformers.models.{kind}.modeling_{kind}")
        assert hasattr(getattr(source, mapping[kind]), quirks.disable)
