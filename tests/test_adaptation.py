"""Which encoder settings describe, with its adaptation; what they store is asked for without loading any."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_corpus import tiny_settings
from tiny_wavlm import wavlm_settings

from msftk.adaptation import acoustic_encoder, stored_features
from msftk.errors import InputError
from msftk.registry import Plugin, Registry


def test_freeze_is_short_for_the_frozen_adaptation_and_a_later_layer_may_take_it_back() -> None:
    assert tiny_settings().adaptation.name == "full"
    assert tiny_settings("acoustic.freeze=true").adaptation.name == "frozen"
    assert tiny_settings("acoustic.freeze=true", **{"acoustic.freeze": False}).adaptation.name == "full"
    with pytest.raises(InputError, match=r"unknown option 'acoustic\.freeze'"):
        tiny_settings("acoustic.freeze=2")


def test_encoders_that_cannot_be_adapted_are_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Use --set acoustic\.normalise=utterance"):
        acoustic_encoder(wavlm_settings(tmp_path, "acoustic.freeze=true", "acoustic.normalise=global"))
    with pytest.raises(InputError, match="'frozen' needs pretrained layers, and acoustic encoder 'logmel' has none"):
        acoustic_encoder(tiny_settings("acoustic.freeze=true"))


def test_settings_that_store_nothing_load_no_encoder_to_find_out(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, get = tiny_settings(), Registry.get

    def of_adaptations(registry: Registry, kind: str, name: str) -> Plugin:
        assert kind == "adaptation"
        return get(registry, kind, name)

    monkeypatch.setattr(Registry, "get", of_adaptations)
    assert stored_features(settings) is None
