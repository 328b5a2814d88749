from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import lemf as oracle

from msftk.errors import InputError
from msftk.prosody import score_words, word_prosody, word_prosody_batch
from msftk.prosody.words import within
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Alignment, WordProsody

FEATURES = ("log_f0", "log_f0_min", "energy", "phone_duration_s", "z_pitch", "z_energy", "z_duration")


def align(words: list[tuple[float, float, str]], phones: list[tuple[float, float]] = ()) -> Alignment:
    begins, stops = [a for a, _ in phones], [b for _, b in phones]
    return make_alignment(
        make_tier(*zip(*words, strict=True)), make_tier(begins, stops, ["AA"] * len(begins)), "s01.TextGrid"
    )


def f0_of(waveform: np.ndarray, seed: int) -> np.ndarray:
    """A made-up F0 track of the right length, a third of it unvoiced."""
    rng = np.random.default_rng(seed)
    f0_hz = rng.uniform(80, 400, len(waveform) // 80 + 1)
    f0_hz[rng.random(len(f0_hz)) < 0.3] = 0
    return f0_hz


@st.composite
def sentences(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list, list]:
    """Noise with random words and phones on it: gaps, words of a few ms, words without phones, phones without words."""
    seed = draw(st.integers(0, 2**32 - 1))
    cuts = draw(st.lists(st.integers(1, 20_000), min_size=2, max_size=9, unique=True).map(sorted))  # 100 us
    times = [cut / 10_000 for cut in cuts]
    words = [(a, b, "ab"[: 1 + i % 2] * 2) for i, (a, b) in enumerate(pairwise(times))]
    words = [word for word in words if draw(st.booleans())] or words[:1]
    edges = draw(st.lists(st.integers(1, 20_000), max_size=15, unique=True).map(sorted))
    phones = [(a / 10_000, b / 10_000) for a, b in pairwise(edges)]
    waveform = np.random.default_rng(seed).normal(0, 0.1, round(times[-1] * 16_000) + 1).astype(np.float32)
    return waveform, f0_of(waveform, seed), words, phones


@settings(deadline=None, max_examples=80)
@given(sentences())
def test_word_prosody_and_score_equal_the_oracle(sentence: tuple[np.ndarray, np.ndarray, list, list]) -> None:
    waveform, f0_hz, words, phones = sentence
    found = word_prosody(waveform, align(words, phones), f0_hz)
    expected = oracle.lemf(waveform, f0_hz, words, phones)
    for feature in ("log_f0", "log_f0_min", "phone_duration_s"):
        np.testing.assert_allclose(getattr(found, feature), expected[feature], rtol=1e-12, err_msg=feature)
    for feature in ("z_pitch", "z_duration"):
        np.testing.assert_allclose(getattr(found, feature), expected[feature], atol=1e-6, err_msg=feature)
    np.testing.assert_allclose(found.energy, expected["energy"], rtol=1e-6)  # float32 sums
    np.testing.assert_allclose(found.z_energy, expected["z_energy"], atol=1e-6 / relative_spread(expected["energy"]))
    np.testing.assert_allclose(score_words(found), oracle.score(found.z_pitch, found.z_energy, found.z_duration))


def relative_spread(values: np.ndarray) -> float:
    return float(values.std() / values.mean()) or 1.0


def same(one: WordProsody, other: WordProsody) -> None:
    for feature in FEATURES:
        np.testing.assert_array_equal(getattr(one, feature), getattr(other, feature), err_msg=feature)


@settings(deadline=None, max_examples=30)
@given(st.lists(sentences(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_a_batch_in_any_order_has_the_bits_of_each_utterance_alone(batch: list, random) -> None:
    order = list(range(len(batch)))
    random.shuffle(order)
    waveforms, f0s, words, phones = zip(*(batch[i] for i in order), strict=True)
    alignments = [align(w, p) for w, p in zip(words, phones, strict=True)]
    for together, *alone in zip(
        word_prosody_batch(waveforms, alignments, f0s), waveforms, alignments, f0s, strict=True
    ):
        same(together, word_prosody(*alone))


@settings(deadline=None, max_examples=30)
@given(sentences(), st.sampled_from([2.0, 4.0, 0.5, 1.7, 30.0]))
def test_louder_audio_changes_no_score(sentence: tuple[np.ndarray, np.ndarray, list, list], gain: float) -> None:
    waveform, f0_hz, words, phones = sentence
    quiet = score_words(word_prosody(waveform, align(words, phones), f0_hz))
    loud = score_words(word_prosody(waveform * np.float32(gain), align(words, phones), f0_hz))
    np.testing.assert_allclose(loud, quiet, atol=1e-4)


@settings(deadline=None, max_examples=30)
@given(sentences())
def test_silences_between_the_words_change_nothing(sentence: tuple[np.ndarray, np.ndarray, list, list]) -> None:
    waveform, f0_hz, words, phones = sentence
    padded = [(0.0, words[0][0], "<s>"), *words, (words[-1][1], words[-1][1] + 0.01, "++BREATH++")]
    same(word_prosody(waveform, align(padded, phones), f0_hz), word_prosody(waveform, align(words, phones), f0_hz))


@settings(deadline=None, max_examples=30)
@given(sentences())
def test_audio_after_the_last_word_changes_nothing(sentence: tuple[np.ndarray, np.ndarray, list, list]) -> None:
    waveform, f0_hz, words, phones = sentence
    whole = np.pad(waveform, (0, 480 - len(waveform) % 160))  # whole hops: no frame of the words lies over the end
    longer = np.pad(whole, (0, 1600), constant_values=0.5)
    f0_whole, f0_longer = (np.pad(f0_hz, (0, len(x) // 80 + 1 - len(f0_hz))) for x in (whole, longer))
    same(word_prosody(longer, align(words, phones), f0_longer), word_prosody(whole, align(words, phones), f0_whole))


def test_threads_give_the_same_bits(waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: word_prosody(waveform, alignment, f0_hz), range(16)))
    for one in found:
        same(one, found[0])


def test_inputs_are_left_alone(waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray) -> None:
    before = waveform.copy(), f0_hz.copy(), alignment.words.start_s.copy()
    word_prosody(waveform, alignment, f0_hz)
    for kept, array in zip(before, (waveform, f0_hz, alignment.words.start_s), strict=True):
        np.testing.assert_array_equal(kept, array)


def test_an_unvoiced_word_is_flagged_and_left_out_of_the_pitch_statistics() -> None:
    waveform = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    f0_hz = np.zeros(201)
    f0_hz[10], f0_hz[90] = 100, 200
    found = word_prosody(waveform, align([(0.0, 0.2, "a"), (0.2, 0.4, "b"), (0.4, 0.6, "c")]), f0_hz)
    assert found.voiced.tolist() == [True, False, True]
    assert np.isnan(found.log_f0[1])
    np.testing.assert_allclose(found.z_pitch, [-1, 0, 1])


def test_silence_is_valid_and_flagged() -> None:
    found = word_prosody(np.zeros(16_000, np.float32), align([(0.0, 0.3, "a"), (0.3, 0.6, "b")]), np.zeros(201))
    assert not found.voiced.any()
    assert found.guessed_duration.all()
    for feature in FEATURES[4:]:
        assert getattr(found, feature).tolist() == [0, 0]


def test_one_word_is_valid_with_all_z_zero(waveform: np.ndarray, f0_hz: np.ndarray) -> None:
    found = word_prosody(waveform, align([(0.1, 0.4, "that")], [(0.1, 0.4)]), f0_hz)
    assert found.voiced.all()
    assert score_words(found).tolist() == [0]


def test_letters_of_a_word_without_phones_do_not_count_the_apostrophe() -> None:
    found = word_prosody(np.zeros(16_000, np.float32), align([(0.0, 0.4, "don't"), (0.4, 0.8, "—")]), np.zeros(201))
    np.testing.assert_allclose(found.phone_duration_s, [0.1, 0.4])


def test_silent_phones_do_not_count() -> None:
    tiers = make_tier([0.0], [0.4], ["hi"]), make_tier([0.0, 0.1], [0.1, 0.4], ["HH", "sil"])
    found = word_prosody(np.zeros(16_000, np.float32), make_alignment(*tiers, "x"), np.zeros(201))
    assert found.phone_duration_s.tolist() == [0.1]


def test_words_that_overlap_share_a_phone_as_in_timit() -> None:
    words, phones = [(0.0, 0.5, "had"), (0.4, 0.8, "your")], [(0.0, 0.4), (0.4, 0.5), (0.5, 0.8)]
    found = word_prosody(np.zeros(16_000, np.float32), align(words, phones), np.zeros(201))
    np.testing.assert_allclose(found.phone_duration_s, [0.25, 0.2])


def test_a_signal_shorter_than_a_window_is_padded_to_one() -> None:
    found = word_prosody(np.ones(100, np.float32), align([(0.0, 0.006, "a")]), np.zeros(2))
    np.testing.assert_allclose(found.energy, oracle.frame_energies(np.ones(100)))


def test_a_word_may_end_a_frame_and_a_shift_after_the_audio_but_no_later() -> None:
    silence = np.zeros(16_000, np.float32), np.zeros(201)
    word_prosody(silence[0], align([(0.5, 1.035, "mat")]), silence[1])
    with pytest.raises(InputError) as error:
        word_prosody(silence[0], align([(0.2, 0.5, "the"), (0.5, 1.036, "mat")]), silence[1])
    assert str(error.value) == (
        "s01.TextGrid: word 'mat' ends at 1.036 s, but the audio ends at 1.000 s. "
        "Give the alignment that belongs to this audio, with times from its start."
    )


def test_what_runs_over_the_end_is_cut_there() -> None:
    over = align([(0.2, 0.5, "the"), (0.5, 1.033, "mat")], [(0.5, 0.9), (0.9, 1.033)])
    cut = within(over, 1.0)
    assert (cut.words.end_s.tolist(), cut.phones.end_s.tolist()) == ([0.5, 1.0], [0.9, 1.0])
    assert over.words.end_s[-1] == 1.033
    assert within(cut, 1.0) is cut
    with pytest.raises(InputError, match=r"'mat' ends at 1\.033 s, but the audio ends at 0\.900 s"):
        within(over, 0.9)


def test_no_spoken_word_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"s01.TextGrid: no spoken word among 2 intervals of the word tier\. Emphasis"):
        word_prosody(np.zeros(16_000, np.float32), align([(0.0, 0.5, "sil"), (0.5, 1.0, "<s>")]), np.zeros(201))
    empty = make_tier([], [], [])
    with pytest.raises(InputError, match="no spoken word among 0 intervals"):
        word_prosody(np.zeros(16_000, np.float32), make_alignment(empty, empty, "s01.TextGrid"), np.zeros(201))


def test_f0_of_another_audio_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"77 F0 frames for 1.000 s of audio, expected 201 on the 5 ms grid\. Compute"):
        word_prosody(np.zeros(16_000, np.float32), align([(0.0, 0.5, "a")]), np.zeros(77))


def test_weights_are_those_of_equation_2(waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray) -> None:
    prosody = word_prosody(waveform, alignment, f0_hz)
    np.testing.assert_array_equal(
        score_words(prosody), 1.0 * prosody.z_pitch + 1.2 * prosody.z_energy + 0.8 * prosody.z_duration
    )
    only_energy = replace(prosody, z_pitch=np.zeros(4), z_duration=np.zeros(4))
    np.testing.assert_array_equal(score_words(only_energy, weight_energy=2.0), 2 * prosody.z_energy)
