"""What stored results depend on beside what was read."""

from __future__ import annotations

import pytest

from msftk.preparation.parts import f0_part, make_parts
from msftk.settings import load_settings
from msftk_plugins.f0.harvest import Harvest


def test_a_component_whose_results_change_stores_them_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    before = f0_part(load_settings()).hash
    monkeypatch.setattr(Harvest, "results_version", 2)
    assert f0_part(load_settings()).hash != before


def test_what_hears_is_stored_elsewhere_when_sound_is_decoded_in_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_parts(load_settings())
    monkeypatch.setattr("msftk.preparation.parts.DECODING_VERSION", 99)
    after = make_parts(load_settings())
    assert before.describer is not None
    assert after.describer is not None
    assert before.describer.hash != after.describer.hash
    assert before.f0.hash != after.f0.hash
    assert before.encoder is not None
    assert after.encoder is not None
    assert before.encoder.hash == after.encoder.hash


def test_what_stands_on_f0_is_stored_elsewhere_with_another_engine() -> None:
    harvest, dio = (make_parts(load_settings(assignments=[f"f0.name={name}"])) for name in ("harvest", "dio"))
    assert harvest.scorer is not None
    assert dio.scorer is not None
    assert harvest.scorer.hash != dio.scorer.hash
    assert harvest.encoder is not None
    assert dio.encoder is not None
    assert harvest.encoder.hash == dio.encoder.hash  # a text's vector has nothing to do with F0
