"""`lemf_batch`: the whole of LEMf in one call, against the oracle, over batches, threads and vector widths."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import lemf as oracle

from msftk.errors import InputError
from msftk.prosody import LemfBatch, RaggedWords, harvest, lemf_batch, score_words, word_prosody
from msftk.prosody.ragged import HANN32, frame_count
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Alignment
from msftk_ext import prosody as kernels
from msftk_ext import simd

WIDTHS = simd.widths()


def fast_energy(waveform: np.ndarray, width: str = "") -> np.ndarray:
    energy = np.empty(frame_count(len(waveform)))
    kernels.frame_energy_fast(waveform, HANN32, energy, width)
    return energy


def corpus(n: int, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray], list[Alignment]]:
    """Noise of 0.3 to 3 s with two to eight words of two phones each."""
    rng = np.random.default_rng(seed)
    waveforms, f0s, alignments = [], [], []
    for _ in range(n):
        edges = np.sort(rng.uniform(0, rng.uniform(0.3, 3), 2 * rng.integers(2, 9) + 1)).round(4)
        samples = rng.normal(0, 0.1, int(edges[-1] * 16_000) + 200).astype(np.float32)
        samples[: len(samples) // 3] *= 0.01
        f0_hz = rng.uniform(80, 400, len(samples) // 80 + 1) * (rng.random(len(samples) // 80 + 1) > 0.3)
        edges = np.unique(edges)
        words, phones = edges[::2], edges
        waveforms.append(samples)
        f0s.append(f0_hz)
        alignments.append(
            make_alignment(
                make_tier(words[:-1], words[1:], ["word"] * (len(words) - 1)),
                make_tier(phones[:-1], phones[1:], ["AA"] * (len(phones) - 1)),
                "made",
            )
        )
    return waveforms, f0s, alignments


def item(batch: LemfBatch, place: int) -> dict[str, np.ndarray]:
    own = slice(batch.offsets[place], batch.offsets[place + 1])
    return {
        field.name: getattr(batch, field.name)[place if field.name in ("top", "first", "last") else own]
        for field in fields(batch)
        if field.name != "offsets"
    }


def test_a_batch_equals_the_oracle_utterance_by_utterance() -> None:
    waveforms, f0s, alignments = corpus(12)
    batch = lemf_batch(waveforms, f0s, RaggedWords.of(alignments))
    for place, (waveform, f0_hz, alignment) in enumerate(zip(waveforms, f0s, alignments, strict=True)):
        words = list(zip(alignment.words.start_s, alignment.words.end_s, alignment.words.labels, strict=True))
        phones = list(zip(alignment.phones.start_s, alignment.phones.end_s, strict=True))
        expected, found = oracle.lemf(waveform, f0_hz, words, phones), item(batch, place)
        np.testing.assert_allclose(found["energy"], expected["energy"], rtol=1e-6)
        for feature in ("log_f0", "log_f0_min", "phone_duration_s"):
            np.testing.assert_allclose(found[feature], expected[feature], rtol=1e-12)
        for feature in ("z_pitch", "z_energy", "z_duration", "score"):
            np.testing.assert_allclose(found[feature], expected[feature], atol=1e-5)
        assert found["top"] == expected["top"]
        assert (found["first"], found["last"]) == (max(found["top"] - 1, 0), min(found["top"] + 1, len(words) - 1))


def test_the_batch_agrees_with_the_stages() -> None:
    waveforms, f0s, alignments = corpus(3)
    batch = lemf_batch(waveforms, f0s, RaggedWords.of(alignments), (2.0, 0.5, 1.0))
    for place, parts in enumerate(zip(waveforms, alignments, f0s, strict=True)):
        prosody = word_prosody(*parts)
        np.testing.assert_array_equal(item(batch, place)["score"], score_words(prosody, 2.0, 0.5, 1.0))


@pytest.mark.parametrize("workers", [1, 4])
def test_any_order_batch_size_and_number_of_threads_gives_the_same_bits(workers: int) -> None:
    waveforms, f0s, alignments = corpus(24)
    whole = lemf_batch(waveforms, f0s, RaggedWords.of(alignments))
    order = np.random.default_rng(workers).permutation(24)
    shares = [order[i : i + size].tolist() for i, size in ((0, 1), (1, 9), (10, 14))]

    def work(share: list[int]) -> LemfBatch:
        chosen = ([part[i] for i in share] for part in (waveforms, f0s, alignments))
        samples, tracks, tiers = chosen
        return lemf_batch(samples, tracks, RaggedWords.of(tiers))

    with ThreadPoolExecutor(workers) as threads:
        for share, batch in zip(shares, threads.map(work, shares), strict=True):
            for place, i in enumerate(share):
                for name, values in item(batch, place).items():
                    np.testing.assert_array_equal(values, item(whole, i)[name], err_msg=name)


@pytest.mark.parametrize("named", ["fast", "AVX2"])
def test_energy_refuses_a_vector_width_as_f0_does(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waveforms, f0s, alignments = corpus(1)
    monkeypatch.setenv("MSFTK_SIMD", named)
    with pytest.raises(InputError) as by_energy:
        lemf_batch(waveforms, f0s, RaggedWords.of(alignments))
    with pytest.raises(InputError) as by_f0:
        harvest(waveforms[0], 16_000)
    assert str(by_energy.value) == str(by_f0.value)
    assert f"MSFTK_SIMD={named}: there is no such vector width, expected scalar" in str(by_f0.value)


@pytest.mark.parametrize("width", WIDTHS)
def test_msftk_simd_chooses_the_width_of_the_energy(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waveforms, f0s, alignments = corpus(1)
    waveforms[0] *= np.float32(1e3)
    monkeypatch.setenv("MSFTK_SIMD", width)
    words = RaggedWords.of(alignments)
    frames = fast_energy(waveforms[0], width)
    energy = np.empty(1)
    start_us, end_us = words.start_us[:1], words.end_us[:1]
    counts = np.array([0, len(frames)]), np.array([0, 1])
    kernels.word_energy(frames, counts[0], 10_000, start_us, end_us, counts[1], energy)
    assert lemf_batch(waveforms, f0s, words).energy[0] == energy[0]


def test_an_empty_batch_is_empty() -> None:
    batch = lemf_batch([], [], RaggedWords.of([]))
    assert len(batch.score) == len(batch.top) == 0


@pytest.mark.parametrize("length", [1, 31, 319, 320, 321, 479, 480, 481, 16_001])
def test_fast_energy_stays_within_a_millionth_and_wide_vectors_give_the_same_bits(length: int) -> None:
    waveform = np.random.default_rng(length).standard_normal(length).astype(np.float32)
    expected = oracle.frame_energies(waveform)
    found = [fast_energy(waveform, width) for width in WIDTHS]
    for energy in found:
        np.testing.assert_allclose(energy, expected, rtol=1e-6)
    for energy in found[1:]:
        np.testing.assert_array_equal(energy, found[1])  # AVX2 and AVX-512: both fuse products with sums


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(-42, 36), st.sampled_from(["noise", "click", "tone", "onset"]))
def test_fast_energy_is_exact_at_any_loudness_and_shape(seed: int, decade: float, shape: str) -> None:
    rng = np.random.default_rng(seed)
    waveform = {
        "noise": rng.standard_normal(800),
        "click": np.eye(1, 800, int(rng.integers(1, 800)))[0],
        "tone": np.sin(np.arange(800) * rng.uniform(0, np.pi)),
        "onset": rng.standard_normal(800) * np.repeat([1e-6, 1], 400),
    }[shape]
    samples = (waveform * 10**decade).astype(np.float32)
    np.testing.assert_allclose(fast_energy(samples), oracle.frame_energies(samples), rtol=1e-6, atol=0)


@pytest.mark.parametrize("width", WIDTHS)
def test_fast_energy_of_digital_silence_is_zero_and_of_the_faintest_sound_is_not(width: str) -> None:
    waveform = np.zeros(1600, dtype=np.float32)
    waveform[:320], waveform[800:960], waveform[960:1120] = -0.0, 0.1, 1e-44
    energy = fast_energy(waveform, width)
    np.testing.assert_allclose(energy, oracle.frame_energies(waveform), rtol=1e-6, atol=0)
    assert (energy > 0).tolist() == [False] * 4 + [True] * 3 + [False] * 2


def test_fast_energy_does_not_depend_on_where_the_samples_lie_in_memory() -> None:
    waveform = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    for shift in range(1, 17):
        moved = np.empty(1000 + shift, dtype=np.float32)[shift:]
        moved[:] = waveform
        np.testing.assert_array_equal(fast_energy(moved), fast_energy(waveform))


def test_an_energy_that_varies_by_float32_rounding_alone_is_no_variation() -> None:
    t = np.arange(16_000)
    steady = (0.3 * np.sin(2 * np.pi * 0.03127 * t)).astype(np.float32)
    tiers = make_tier([0.1, 0.4], [0.4, 0.7], ["a", "b"]), make_tier([], [], [])
    prosody = word_prosody(np.tile(steady[:160], 100), make_alignment(*tiers, "x"), np.zeros(201))
    assert prosody.z_energy.tolist() == [0, 0]


@pytest.mark.parametrize(("label", "n"), [("don't", 4), ("—", 1), ("ÉTÉ", 3), ("語1", 2), ("", 1), ("٣", 1)])
def test_letters_are_what_unicode_calls_letters_and_digits(label: str, n: int) -> None:
    counted = np.empty(1, dtype=np.int64)
    kernels.count_letters((label,), counted)
    assert counted[0] == n
    assert n == max(1, sum(character.isalnum() for character in label))
