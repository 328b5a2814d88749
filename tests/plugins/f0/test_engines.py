"""Every F0 engine, by name: the contract, its library's own numbers, and one shelf each in the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tones import tones, voice, write_utterance

from msftk import testing
from msftk.errors import InputError, UnknownNameError
from msftk.preparation.parts import f0_part, make_parts
from msftk.prosody import harvest
from msftk.recipes.emphasis import emphasise_utterance
from msftk.registry import registry
from msftk.settings import check_settings, load_settings, settings_toml
from msftk.speech.audio import load_audio
from msftk.store.features import Store
from msftk.types import Float64
from msftk_plugins.f0 import praat

ENGINES = ("harvest", "pyworld-harvest", "dio", "praat")


def f0(name: str, waveform: np.ndarray, **options: object) -> Float64:
    found: Float64 = registry().create("f0-engine", name, options).f0_hz(waveform, 16_000)
    return found


@pytest.mark.parametrize("name", ENGINES)
def test_engine_keeps_the_contract(name: str) -> None:
    testing.check_f0_engine(name)


def test_praat_cross_correlation_keeps_the_contract() -> None:
    testing.check_f0_engine("praat", method="cc")


def test_harvest_is_the_default_and_the_kernel_of_the_package() -> None:
    assert load_settings().f0.name == "harvest"
    np.testing.assert_array_equal(f0("harvest", tones()), harvest(tones(), 16_000))


def test_pyworld_harvest_is_pyworlds_bit_for_bit() -> None:
    import pyworld

    expected, _ = pyworld.harvest(tones().astype(np.float64), 16_000)
    np.testing.assert_array_equal(f0("pyworld-harvest", tones()), expected)


def test_dio_is_pyworlds_refined_by_stonemask() -> None:
    import pyworld

    samples = tones().astype(np.float64)
    expected = pyworld.stonemask(samples, *pyworld.dio(samples, 16_000), 16_000)
    np.testing.assert_array_equal(f0("dio", tones()), expected)


@pytest.mark.parametrize("name", ENGINES)
def test_range_is_passed_on(name: str) -> None:
    f0_hz = f0(name, voice(300, 0.5), floor_hz=71, ceil_hz=200)
    assert not np.any(np.abs(f0_hz - 300) < 20)


@pytest.mark.parametrize("name", ENGINES)
def test_strided_samples_are_taken_and_left_alone(name: str) -> None:
    stereo = np.stack([tones(), tones()], axis=1)
    kept = stereo.copy()
    np.testing.assert_array_equal(f0(name, stereo[:, 0]), f0(name, tones()))
    np.testing.assert_array_equal(stereo, kept)


@pytest.mark.parametrize("name", ENGINES)
def test_bad_samples_and_ranges_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="sample 1 is nan"):
        f0(name, np.array([0, np.nan, 0], dtype=np.float32))
    with pytest.raises(InputError, match=r"f0 is .*floor_hz 900 must lie below ceil_hz 800"):
        registry().options("f0-engine", name, {"floor_hz": 900})


def test_praat_stays_within_a_hertz_of_harvest_on_a_glide() -> None:
    t = np.arange(16_000) / 16_000
    glide_hz = 120 + 80 * t
    waveform = (0.1 * sum(np.sin(2 * np.pi * k * (120 * t + 40 * t**2)) / k for k in range(1, 6))).astype(np.float32)
    expected = np.interp(np.arange(201) * 0.005, t, glide_hz)
    for method in ("ac", "cc"):
        f0_hz = f0("praat", waveform, method=method)
        assert np.abs(f0_hz - expected)[20:180].max() < 1


def test_frames_beside_the_grid_are_interpolated_where_voiced_else_the_nearest_counts() -> None:
    frame_s, frame_f0_hz = np.array([0.0025, 0.0075, 0.0125]), np.array([100.0, 110.0, 0.0])
    at = np.array([0.0, 0.005, 0.009, 0.0101, 0.0125, 0.02])
    np.testing.assert_allclose(praat.on_grid(frame_s, frame_f0_hz, at), [100, 105, 110, 0, 0, 0])


def test_emphasis_f0_names_the_engine_as_f0_name_does(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[emphasis]\nf0 = "dio"\nweight_pitch = 2.0\n')
    for settings in (
        load_settings(assignments=["emphasis.f0=pyworld-harvest", "f0.floor_hz=60"]),
        load_settings(assignments=["f0.name=pyworld-harvest", "f0.floor_hz=60"]),
        load_settings(environment={"MSFTK_EMPHASIS__F0": "pyworld-harvest", "MSFTK_F0__FLOOR_HZ": "60"}),
    ):
        assert (settings.f0.name, settings.f0.options) == ("pyworld-harvest", {"floor_hz": 60})
        assert settings.emphasis.name == "lemf"
    settings = load_settings(file=file)
    assert (settings.f0.name, settings.emphasis.options) == ("dio", {"weight_pitch": 2.0})
    assert 'name = "dio"' in settings_toml(settings)


def test_settings_of_an_older_run_mean_harvest() -> None:
    values = load_settings().model_dump(mode="json")
    del values["f0"]
    assert check_settings(values).f0.name == "harvest"


def test_unknown_engine_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown f0-engine 'harvets'\. Did you mean 'harvest'\?"):
        load_settings(assignments=["emphasis.f0=harvets"])


def test_each_engine_and_option_has_its_own_producer() -> None:
    chosen = [["f0.name=harvest"], ["f0.name=dio"], ["f0.name=praat"], ["f0.name=praat", "f0.method=cc"]]
    parts = [f0_part(load_settings(assignments=assignments)) for assignments in chosen]
    assert len({part.hash for part in parts}) == 4
    assert parts[1].producer["plugin"] == "dio"
    assert "pyworld" in parts[1].producer["identity"]
    assert parts[1].producer["options"] == {"floor_hz": 71.0, "ceil_hz": 800.0}
    scorers = [make_parts(load_settings(assignments=assignments)).scorer for assignments in chosen]
    assert len({scorer.hash for scorer in scorers if scorer}) == 4


def test_engines_never_share_stored_f0(tmp_path: Path) -> None:
    utterance, store = write_utterance(tmp_path, "s01"), Store(tmp_path / "store")
    found = {
        name: emphasise_utterance(utterance, load_settings(assignments=[f"emphasis.f0={name}"]), store).f0_hz
        for name in ("harvest", "dio")
    }
    np.testing.assert_array_equal(found["dio"], f0("dio", load_audio(utterance.audio)))
    assert not np.array_equal(found["dio"], found["harvest"])
