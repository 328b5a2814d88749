"""The Harvest kernel: every step against the slow oracle, the whole against pyworld, in each vector width."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import harvest as oracle
from scipy.signal import resample_poly
from tones import tones

from msftk_ext import harvest as kernel
from msftk_ext import simd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyworld

WIDTHS = simd.widths()
every_width = pytest.mark.parametrize("width", WIDTHS)
RATE = 16_000


def f0(
    samples: np.ndarray, width: str = "", rate_hz: int = RATE, floor_hz: float = 71.0, ceil_hz: float = 800.0
) -> np.ndarray:
    """Every 1 ms frame."""
    found = np.full(kernel.frames(len(samples), rate_hz, 1.0), np.nan)
    kernel.f0(np.ascontiguousarray(samples), rate_hz, floor_hz, ceil_hz, found, width)
    return found


def world(samples: np.ndarray, rate_hz: int = RATE, floor_hz: float = 71.0, ceil_hz: float = 800.0) -> np.ndarray:
    return pyworld.harvest(samples.astype(np.float64), rate_hz, floor_hz, ceil_hz, frame_period=1.0)[0]


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    """The same frames voiced, and every one within a thousandth of a cent."""
    np.testing.assert_array_equal(found > 0, expected > 0)
    np.testing.assert_allclose(found, expected, rtol=2 ** (0.001 / 1200) - 1)


def glide(
    seconds: float = 1.0,
    start_hz: float = 120.0,
    end_hz: float = 220.0,
    noise_db: float = -40.0,
    seed: int = 0,
    rate_hz: int = RATE,
) -> np.ndarray:
    """A voice of ten harmonics that glides and swells, with white noise `noise_db` below its peak."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * np.cumsum(np.geomspace(start_hz, end_hz, len(t))) / rate_hz
    voice = sum(np.sin(k * phase) / k for k in range(1, 11)) * np.sin(np.pi * t / seconds) ** 0.5
    noise = np.random.default_rng(seed).standard_normal(len(t)) * 10 ** (noise_db / 20)
    return 0.3 * (voice / abs(voice).max() + noise)


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """2.6 s: a glide, the words made of tones, silence with faint noise."""
    return np.concatenate([glide(0.6), tones().astype(np.float64)])


def decimated(samples: np.ndarray, width: str, rate_hz: int = RATE) -> np.ndarray:
    y = np.empty(kernel.shape(len(samples), rate_hz, 71.0, 800.0)["decimated"])
    kernel.decimate(samples, rate_hz, y, width)
    return y


# --- steps


@every_width
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000])
def test_decimation_equals_the_filter_run_over_the_whole_signal(width: str, rate_hz: int) -> None:
    for length in (1, 2, 17, 500, 4_001, 9_000):
        samples = np.random.default_rng(length).standard_normal(length)
        expected = oracle.decimate(samples, rate_hz)
        np.testing.assert_allclose(decimated(samples, width, rate_hz), expected, rtol=0, atol=1e-12)


@every_width
@pytest.mark.parametrize("channel", [0, 1, 37, 80, 151])
def test_filter_bank_equals_direct_convolution_across_block_edges(width: str, channel: int) -> None:
    y = np.random.default_rng(channel).standard_normal(6_000)
    found = np.empty(len(y) + 2)
    kernel.filter_channel(y, RATE, channel, found, width)
    response = oracle.band_pass(8000.0, oracle.centres_hz(71.0, 800.0)[channel])
    expected = np.convolve(np.pad(y, (0, 2)), response, mode="same")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * abs(expected).max())


@every_width
def test_candidates_equal_those_of_whole_file_filters(width: str, spoken: np.ndarray) -> None:
    expected = oracle.candidates(spoken, RATE)
    shape = kernel.shape(len(spoken), RATE, 71.0, 800.0)
    found = np.empty((shape["frames"], shape["slots"]))
    kernel.candidates(spoken, RATE, 71.0, 800.0, found, width)
    assert [int((row > 0).sum()) for row in found] == [len(row) for row in expected]
    np.testing.assert_allclose(found[found > 0], np.concatenate(expected), rtol=1e-9)


@every_width
@pytest.mark.parametrize("rate_hz", [16_000, 22_050])
def test_refinement_equals_two_ffts(width: str, rate_hz: int) -> None:
    samples = glide(1.0, 90, 400, rate_hz=rate_hz)
    y = decimated(samples, width, rate_hz)
    y -= y.mean()
    rate = kernel.shape(len(samples), rate_hz, 71.0, 800.0)["rate_hz"]
    draw = np.random.default_rng(0)
    frame = np.concatenate([[0, 1, 999, 1000], draw.integers(0, 1001, 300)]).astype(np.int32)
    tried = np.concatenate(
        [[71.0, 800.0, 666.6, 667.0], 90 * (400 / 90) ** (frame[4:] / 1000) * draw.uniform(0.9, 1.1, 300)]
    )
    refined, score = np.empty(len(frame), np.float32), np.empty(len(frame), np.float32)
    kernel.refine(y, rate_hz, frame, tried, refined, score, width)
    expected = np.array([oracle.refine(y, rate, i, f) for i, f in zip(frame, tried, strict=True)])
    np.testing.assert_array_equal(refined > 0, expected[:, 0] > 0)
    np.testing.assert_allclose(refined, expected[:, 0], rtol=3e-5)  # float: the chosen ones are settled in double
    np.testing.assert_allclose(score, expected[:, 1], rtol=1e-2)


@every_width
def test_a_score_at_the_limit_is_judged_in_double(width: str) -> None:
    """Tried F0 are halved towards where the score passes 2.5, closer than float resolves."""
    y = np.sin(2 * np.pi * 150 / 8000 * np.arange(8000)) + np.random.default_rng(0).normal(0, 1e-3, 8000)

    def stays(f0_hz: float) -> bool:
        return oracle.refine(y, 8000.0, 500, f0_hz)[0] > 0

    grid = np.linspace(75, 790, 2000)
    edges = [(a, b) for a, b in pairwise(grid) if stays(a) != stays(b)]
    assert len(edges) > 20
    for left, right in edges:
        while right - left > 1e-10 * left:
            middle = (left + right) / 2
            left, right = (middle, right) if stays(middle) == stays(left) else (left, middle)
        found, score = np.empty(2, np.float32), np.empty(2, np.float32)
        kernel.refine(y, RATE, np.full(2, 500, np.int32), np.array([left, right]), found, score, width)
        assert (found > 0).tolist() == [stays(left), stays(right)]


def scattered(frames: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Candidates around one or two wandering contours, with gaps, strays and twins of the next F0, and their scores."""
    draw = np.random.default_rng(seed)
    wander = 150 * np.exp(np.cumsum(draw.normal(0, 0.002, frames)))
    f0 = np.stack([wander * draw.uniform(0.99, 1.01, frames) for _ in range(6)], axis=1)
    f0[:, 3] = 2 * wander
    f0[:, 4] = draw.uniform(71, 800, frames)
    f0[:, 0] = wander
    f0[draw.random(f0.shape) < 0.3] = 0
    for at in draw.integers(0, frames, frames // 60):
        f0[at : at + draw.integers(1, 40)] = 0
    score = draw.uniform(2.5, 50, f0.shape) * np.array([8, 1, 1, 2, 1, 1])
    score[:, 5] = np.where(draw.random(frames) < 0.1, 20 * score[:, 5], score[:, 5])
    f0 = f0.astype(np.float32)
    f0[:, 5] = np.nextafter(f0[:, 1], f0[:, 1] * np.float32(2))
    return f0, (score * (f0 > 0)).astype(np.float32)


@every_width
def test_pruning_keeps_candidates_with_a_neighbour(width: str) -> None:
    for seed in range(5):
        f0_hz, score = scattered(300, seed)
        kept = np.empty_like(score)
        kernel.prune(f0_hz, score, kept, width)
        np.testing.assert_array_equal(kept, oracle.prune(f0_hz.astype(np.float64), score))


@every_width
def test_track_equals_the_four_fixing_steps(width: str) -> None:
    for seed in range(40):
        f0_hz, score = scattered(40 * seed + 20, seed)
        found = np.empty(len(f0_hz))
        kernel.track(f0_hz, score, found, width)
        np.testing.assert_allclose(found, oracle.track(f0_hz.astype(np.float64), score.astype(np.float64)), rtol=1e-6)


@every_width
def test_smoothing_equals_the_filter_of_each_section(width: str) -> None:
    contour = 150 + np.cumsum(np.random.default_rng(0).normal(0, 2, 900))
    contour[[*range(5), *range(100, 130), 400, *range(700, 720)]] = 0
    found = np.empty(900)
    kernel.smooth(contour, found, width)
    np.testing.assert_allclose(found, oracle.smooth(contour.astype(np.float32)), rtol=1e-9)


# --- the whole


@every_width
def test_speech_like_sound_equals_pyworld(width: str, spoken: np.ndarray) -> None:
    assert_same(f0(spoken, width), world(spoken))


@every_width
@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_other_sample_rates_equal_pyworld(width: str, rate_hz: int) -> None:
    samples = resample_poly(glide(0.8), rate_hz // 25, RATE // 25)
    assert_same(f0(samples, width, rate_hz), world(samples, rate_hz))


@pytest.mark.parametrize(("floor_hz", "ceil_hz"), [(40.0, 400.0), (100.0, 160.0), (120.0, 1500.0)])
def test_other_ranges_equal_pyworld(floor_hz: float, ceil_hz: float, spoken: np.ndarray) -> None:
    assert_same(f0(spoken, "", RATE, floor_hz, ceil_hz), world(spoken, RATE, floor_hz, ceil_hz))


@every_width
@pytest.mark.parametrize("length", [2, 3, 16, 17, 33, 300, 755, 777, 1023, 1024, 1025, 3136, 3137, 5000])
def test_short_signals_equal_pyworld(width: str, length: int) -> None:
    samples = glide(0.5, 150, 300)[2000 : 2000 + length]
    assert_same(f0(samples, width), world(samples))


@pytest.mark.parametrize("frames", [2047, 2048, 2049, 2051, 2052, 4096])
def test_lengths_around_the_stretch_equal_pyworld(frames: int) -> None:
    """The kernel works 2048 frames at a time; candidates reach 3 frames, sections 100 frames over its edges."""
    samples = np.tile(tones(), 3)[: frames * 16 - 5].astype(np.float64)
    assert_same(f0(samples), world(samples))


@every_width
def test_a_file_that_ends_in_voice_keeps_its_last_frames(width: str) -> None:
    samples = glide(0.6)[:6_400]
    expected = world(samples)
    assert expected[-5] > 0
    assert_same(f0(samples, width), expected)


def test_a_long_file_takes_the_way_that_keeps_only_a_stretch(spoken: np.ndarray) -> None:
    """From 2^20 decimated samples on (131 s). By WORLD's last bins F0 depends on a file's length, 0.3 cents here."""
    gap = np.random.default_rng(0).normal(0, 1e-4, 2_100_000)
    found = f0(np.concatenate([spoken, gap, spoken]))
    first, last = f0(np.concatenate([spoken, gap[:16_000]])), f0(np.concatenate([gap[-16_000:], spoken]))
    for part, expected in ((found[:2500], first[:2500]), (found[-2500:], last[-2500:])):
        np.testing.assert_array_equal(part > 0, expected > 0)
        np.testing.assert_allclose(part, expected, rtol=2 ** (0.5 / 1200) - 1)


@pytest.mark.slow
def test_a_long_file_equals_pyworld(spoken: np.ndarray) -> None:
    samples = np.concatenate([*[spoken] * 3, np.random.default_rng(0).normal(0, 1e-4, 1_800_000), *[spoken] * 5])
    assert_same(f0(samples), world(samples))


@every_width
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_signals_without_a_voice_are_unvoiced(width: str, dtype: type) -> None:
    for samples in (np.zeros(1), np.zeros(4_000), np.full(4_000, 0.5), np.full(4_000, 1e-310), np.full(100, np.nan)):
        assert f0(samples.astype(dtype), width).tolist() == [0.0] * (len(samples) // 16 + 1)


@every_width
def test_strange_signals_do_not_break_the_kernel(width: str) -> None:
    voice = glide(0.3)
    holed = voice.copy()
    holed[2_000] = np.nan
    for samples in (
        holed,
        voice * 1e307,
        voice * 1e30,
        voice * 1e-300,
        voice * 1e-320,
        np.where(np.arange(4_800) % 2 == 0, 1.0, -1.0),
    ):
        assert np.isfinite(f0(samples, width)).all()
    for loud in (np.clip(voice * 10, -1, 1), np.sign(voice)):
        assert_same(f0(loud, width), world(loud))


@every_width
@pytest.mark.parametrize(
    ("rate_hz", "floor_hz", "ceil_hz"),
    [(16_000, 20, 4_000), (16_000, 400, 7_900), (96_000, 71, 800), (192_000, 10, 90_000)],
)
def test_ranges_and_rates_at_their_limits_do_not_break_the_kernel(
    width: str, rate_hz: int, floor_hz: float, ceil_hz: float
) -> None:
    assert np.isfinite(f0(glide(0.3, rate_hz=rate_hz), width, rate_hz, floor_hz, ceil_hz)).all()


@every_width
def test_widths_agree(width: str, spoken: np.ndarray) -> None:
    assert_same(f0(spoken, width), f0(spoken, WIDTHS[0]))


@every_width
def test_threads_and_order_change_no_bit(width: str, spoken: np.ndarray) -> None:
    parts = [spoken, spoken[5_000:], spoken[:9_000], glide(0.4), spoken[::-1].copy(), spoken[:3_000]]
    alone = [f0(part, width) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda part: f0(part, width), [*parts, *parts[::-1]]))
    for found, expected in zip(together, [*alone, *alone[::-1]], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_input_is_left_alone(spoken: np.ndarray) -> None:
    samples = spoken.copy()
    samples.flags.writeable = False
    f0(samples)
    np.testing.assert_array_equal(samples, spoken)


def test_frames_follow_the_rule() -> None:
    for n, rate_hz, hop_ms in [(1, 16_000, 5.0), (79, 16_000, 5.0), (80, 16_000, 5.0), (44_100, 44_100, 1.0)]:
        assert kernel.frames(n, rate_hz, hop_ms) == int(1000 * n / rate_hz / hop_ms) + 1


def test_unknown_width_is_named_with_those_at_hand() -> None:
    with pytest.raises(ValueError, match=r"mmx: there is no such vector width, expected scalar"):
        f0(np.zeros(100), "mmx")


glides = st.builds(
    glide,
    seconds=st.floats(0.1, 0.35),
    start_hz=st.floats(80, 500),
    end_hz=st.floats(80, 500),
    seed=st.integers(0, 2**32 - 1),
)


@settings(max_examples=200, deadline=None)
@given(glides)
def test_glides_equal_pyworld(samples: np.ndarray) -> None:
    assert_same(f0(samples), world(samples))


@every_width
def test_a_glide_on_the_edge_of_a_step_equals_pyworld(width: str) -> None:
    """In frame 28 the best candidate leaves the line by .0080000161, where .008 is allowed: float cannot tell."""
    samples = glide(seconds=0.1, start_hz=150.0, end_hz=447.041015625, seed=5021)
    assert_same(f0(samples, width), world(samples))


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(glides)
def test_many_glides_equal_pyworld(samples: np.ndarray) -> None:
    assert_same(f0(samples), world(samples))
