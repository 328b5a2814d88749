"""`lemf_batch`: the whole of LEMf in one call, against the oracle, over batches, threads and forms of the kernel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import lemf as oracle

from msftk.prosody import LemfBatch, RaggedWords, lemf_batch, score_words, word_prosody
from msftk.prosody.ragged import HANN32, frame_count
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Alignment
from msftk_ext import prosody as kernels

FORMS = ("scalar", "avx2", "avx512")


@pytest.fixture(autouse=True)
def _widest_form_afterwards() -> Iterator[None]:
    yield
    kernels.use_simd(os.environ.get("MSFTK_SIMD", ""))


def fast_energy(waveform: np.ndarray) -> np.ndarray:
    energy = np.empty(frame_count(len(waveform)))
    kernels.frame_energy_fast(waveform, HANN32, energy)
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


def test_an_empty_batch_is_empty() -> None:
    batch = lemf_batch([], [], RaggedWords.of([]))
    assert len(batch.score) == len(batch.top) == 0


@pytest.mark.parametrize("length", [1, 31, 319, 320, 321, 479, 480, 481, 16_001])
def test_fast_energy_stays_within_a_millionth_and_wide_forms_have_the_same_bits(length: int) -> None:
    waveform = np.random.default_rng(length).standard_normal(length).astype(np.float32)
    expected = oracle.frame_energies(waveform)
    found = []
    for form in FORMS:
        kernels.use_simd(form)
        found.append(fast_energy(waveform))
        np.testing.assert_allclose(found[-1], expected, rtol=1e-6)
    np.testing.assert_array_equal(found[1], found[2])  # AVX2 and AVX-512: both fuse products with sums


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


@pytest.mark.parametrize("form", FORMS)
def test_fast_energy_of_digital_silence_is_zero_and_of_the_faintest_sound_is_not(form: str) -> None:
    kernels.use_simd(form)
    waveform = np.zeros(1600, dtype=np.float32)
    waveform[:320], waveform[800:960], waveform[960:1120] = -0.0, 0.1, 1e-44
    energy = fast_energy(waveform)
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
