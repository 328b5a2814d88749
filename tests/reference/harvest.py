"""Harvest step by step in slow NumPy (Morise 2017, with WORLD's constants and edge rules), for tests of the kernel."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.signal import butter, cheby1, lfilter

GRID_HZ = 1000.0


def decimated_rate(rate_hz: int) -> tuple[int, float]:
    ratio = min(max(int(rate_hz / 8000 + 0.5), 1), 12)
    return ratio, rate_hz / ratio


def decimate(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """[samples] -> [ceil(samples / ratio)]: edge values held, low-pass forward and backward."""
    ratio, _ = decimated_rate(rate_hz)
    if ratio == 1:
        return samples.copy()
    held = int(np.ceil(140 / ratio) * ratio) + 9
    b, a = cheby1(3, 0.05, 0.8 / ratio)
    padded = np.pad(samples, held, mode="edge")
    smooth = lfilter(b, a, lfilter(b, a, padded)[::-1])[::-1]
    return smooth[held:-held][(len(samples) - 1) % ratio :: ratio]


def centres_hz(floor_hz: float, ceil_hz: float) -> np.ndarray:
    count = 1 + int(np.log2(ceil_hz * 1.1 / (floor_hz * 0.9)) * 40)
    return floor_hz * 0.9 * 2 ** (np.arange(1, count + 1) / 40)


def band_pass(rate_hz: float, centre_hz: float) -> np.ndarray:
    """[2 half + 1], a Nuttall window of four periods on a cosine."""
    half = int(rate_hz / centre_hz * 2 + 0.5)
    t = np.arange(2 * half + 1) / (2 * half)
    window = sum(c * np.cos(2 * np.pi * k * t) for k, c in enumerate((0.355768, -0.487396, 0.144232, -0.012604)))
    return window * np.cos(2 * np.pi * centre_hz * np.arange(-half, half + 1) / rate_hz)


def filtered(y: np.ndarray, rate_hz: float, centre_hz: float, lowest_hz: float) -> np.ndarray:
    """A channel as WORLD computes it, one sample ahead, with the last two bins that its mirror loop writes twice."""
    points = 2 ** int(np.log2(len(y) + 5 + 2 * int(2 * rate_hz / lowest_hz)) + 1)
    response = band_pass(rate_hz, centre_hz)
    spectrum = np.fft.rfft(y, points)
    product = spectrum * np.fft.rfft(response, points)
    product[-2:] = spectrum[-1] * product[-2]
    return np.fft.irfft(product, points)[len(response) // 2 + 1 :][: len(y)]


def intervals(signal: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Time and inverse of each distance between two falls through zero."""
    at = np.flatnonzero((signal[:-1] > 0) & (signal[1:] <= 0))
    edge = at + 1 + signal[at] / (signal[at] - signal[at + 1])
    return (edge[:-1] + edge[1:]) / 2 / rate_hz, rate_hz / np.diff(edge)


def interpolated(t: np.ndarray, at: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Straight lines between the points, the first and the last prolonged."""
    k = np.clip(np.searchsorted(at, t, side="right"), 1, len(at) - 1)
    return value[k - 1] + (t - at[k - 1]) / (at[k] - at[k - 1]) * (value[k] - value[k - 1])


def contour(
    signal: np.ndarray, rate_hz: float, centre_hz: float, floor_hz: float, ceil_hz: float, frames: int
) -> np.ndarray:
    """[frames], one channel's F0 where it lies within 10 % of the channel and within the range, else 0."""
    slope = np.diff(signal)
    kinds = [intervals(kind, rate_hz) for kind in (signal, -signal, slope, -slope)]
    if min(len(at) for at, _ in kinds) < 3:
        return np.zeros(frames)
    t = np.arange(frames) / GRID_HZ
    f0 = sum(interpolated(t, at, value) for at, value in kinds) / 4
    inside = (abs(f0 / centre_hz - 1) <= 0.1) & (f0 >= floor_hz) & (f0 <= ceil_hz)
    return np.where(inside, f0, 0)


def candidates(samples: np.ndarray, rate_hz: int, floor_hz: float = 71.0, ceil_hz: float = 800.0) -> list[list[float]]:
    """Of each frame: the mean of every run of ten or more channels that have an F0."""
    y, (_, rate) = decimate(samples, rate_hz), decimated_rate(rate_hz)
    y = y - y.mean()
    frames = int(1000.0 * len(samples) / rate_hz) + 1
    centres = centres_hz(floor_hz, ceil_hz)
    table = np.zeros((len(centres), frames))
    for c in range(1, len(centres) - 1):  # the outermost channels count as unvoiced
        table[c] = contour(filtered(y, rate, centres[c], centres[0]), rate, centres[c], floor_hz, ceil_hz, frames)
    found: list[list[float]] = []
    for column in table.T:
        change = np.diff(np.concatenate([[0], column > 0, [0]]))
        runs = zip(np.flatnonzero(change > 0), np.flatnonzero(change < 0), strict=True)
        found.append([column[a:b].mean() for a, b in runs if b - a >= 10])
    return found


def refine(
    y: np.ndarray, rate_hz: float, frame: int, f0_hz: float, floor_hz: float = 71.0, ceil_hz: float = 800.0
) -> tuple[float, float]:
    """F0 and score by instantaneous frequencies; (0, 0) where rejected."""
    t, half = frame / GRID_HZ, int(1.5 * rate_hz / f0_hz + 1)
    length, points = 2 * half + 1, 2 ** (2 + int(np.log2(2 * half + 1)))
    first = np.trunc((t - half / rate_hz) * rate_hz + 0.001 + np.copysign(0.5, (t - half / rate_hz) * rate_hz + 0.001))
    index = int(first) + np.arange(length) - 1
    phase = 2 * np.pi * (index - t * rate_hz) / length
    window = 0.42 + 0.5 * np.cos(phase) + 0.08 * np.cos(2 * phase)
    slope = -np.convolve(window, [0.5, 0, -0.5], mode="same")
    x = y[np.clip(index, 0, len(y) - 1)]
    main, derived = np.fft.rfft(x * window, points), np.fft.rfft(x * slope, points)
    order = np.arange(1, min(int(rate_hz / 2 / f0_hz), 6) + 1)
    bins = (f0_hz * points / rate_hz * order + 0.5).astype(int)
    power = abs(main[bins]) ** 2
    turned = (main[bins].real * derived[bins].imag - main[bins].imag * derived[bins].real) / power
    harmonic_hz = bins * rate_hz / points + turned * rate_hz / 2 / np.pi
    refined = (np.sqrt(power) * harmonic_hz).sum() / ((np.sqrt(power) * order).sum() + 1e-12)
    score = 1 / (abs(harmonic_hz / order / f0_hz - 1).mean() + 1e-12)
    return (refined, score) if floor_hz <= refined <= ceil_hz and score >= 2.5 else (0.0, 0.0)


def prune(f0: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Scores [frames, slots], 0 where no neighbouring frame has a candidate within 5 %; the end frames keep theirs."""
    kept = score.copy()
    for i in range(1, len(f0) - 1):
        around = np.concatenate([f0[i - 1], f0[i + 1]])
        for j in np.flatnonzero(f0[i]):
            if abs(around - f0[i, j]).min() / f0[i, j] > 0.05:
                kept[i, j] = 0
    return kept


def sections(f0: np.ndarray) -> list[tuple[int, int]]:
    """First and last frame of each voiced stretch, the end frames of the file counting as unvoiced."""
    voiced = f0 > 0
    voiced[[0, -1]] = False
    change = np.diff(voiced.astype(int))
    return list(zip(np.flatnonzero(change > 0) + 1, np.flatnonzero(change < 0), strict=True))


def nearest(f0: float, candidates: np.ndarray, within: float) -> float:
    """The candidate that lies closest, the last of equals; 0 if none lies within."""
    found = 0.0
    for candidate in candidates[candidates > 0]:
        if abs(f0 - candidate) / f0 <= within:
            within, found = abs(f0 - candidate) / f0, candidate
    return found


def track(f0: np.ndarray, score: np.ndarray) -> np.ndarray:
    """[frames]: one contour out of candidates [frames, slots], before smoothing."""
    frames = len(f0)
    best = f0[np.arange(frames), score.argmax(axis=1)] * (score.max(axis=1) > 0)
    steady = np.zeros(frames)
    with np.errstate(all="ignore"):
        for i in range(2, frames):
            line = 2 * best[i - 1] - best[i - 2]
            jump = abs((best[i] - line) / line) > 0.008 and abs(best[i] - best[i - 1]) / best[i - 1] > 0.008
            steady[i] = 0 if jump else best[i]
    for a, b in sections(steady):
        if b - a < 6:
            steady[a : b + 1] = 0
    return bridge(merge([grow(steady, a, b, f0) for a, b in sections(steady)], steady, f0, score))


def grow(steady: np.ndarray, begin: int, end: int, f0: np.ndarray) -> tuple[int, int, np.ndarray]:
    """A section continued on both sides through candidates within 18 %, until four frames in a row have none."""
    own = np.zeros(len(steady))
    own[begin : end + 1] = steady[begin : end + 1]
    bounds = []
    for at, step, last in ((end, 1, min(len(steady) - 2, end + 100)), (begin, -1, max(1, begin - 100))):
        reference, reached, missed = own[at], at, 0
        for i in range(at + step, last + 2 * step, step):
            own[i] = nearest(reference, f0[i], 0.18)
            missed = 0 if own[i] else missed + 1
            if own[i]:
                reference, reached = own[i], i
            if missed == 4:
                break
        bounds.append(reached)
    return bounds[1], bounds[0], own


def merge(
    grown: list[tuple[int, int, np.ndarray]], steady: np.ndarray, f0: np.ndarray, score: np.ndarray
) -> np.ndarray:
    """Sections of at least 2.2 periods, overlaps decided by the sum of scores."""
    chosen, mean = [], 0.0
    for begin, end, own in grown:
        mean = (mean + own[begin:end].sum()) / (end - begin)  # the mean of the section before stays in: so in WORLD
        if 2200 / mean < end - begin:
            chosen.append((begin, end, own))
    if not chosen:
        return steady.copy()
    order = list(range(len(chosen)))
    for i in range(1, len(chosen)):
        for j in range(i - 1, -1, -1):
            if chosen[order[j]][0] <= chosen[order[i]][0]:
                break
            order[i], order[j] = order[j], order[i]
    begin, end, merged = chosen[0][0], chosen[0][1], chosen[0][2].copy()

    def support(contour: np.ndarray, first: int, last: int) -> float:
        return sum(score[i][f0[i] == contour[i]].max(initial=0) for i in range(first, last + 1) if contour[i] > 0)

    for k in order[1:]:
        first, last, own = (begin, end, chosen[0][2]) if k == 0 else chosen[k]
        if first > end:
            merged[first : last + 1] = own[first : last + 1]
            begin, end = first, last
        elif not (begin <= first and end >= last):
            start = end if support(merged, first, end) > support(own, first, end) else first
            merged[start : last + 1] = own[start : last + 1]
            end = last
    return merged


def bridge(contour: np.ndarray) -> np.ndarray:
    """Gaps of up to 8 frames filled, from 1 Hz above the left to 1 Hz below the right neighbour."""
    filled = contour.copy()
    found = sections(contour)
    for (_, left), (right, _) in pairwise(found):
        if right - left - 1 < 9:
            ends = contour[left] + 1, contour[right] - 1
            filled[left + 1 : right] = np.linspace(*ends, right - left + 1)[1:-1]
    return filled


def smooth(contour: np.ndarray) -> np.ndarray:
    """Butterworth of order 2 at 30 Hz, forward and backward over each voiced stretch with its ends held."""
    b, a = butter(2, 0.06)
    smoothed = np.zeros(len(contour))
    for first, last in sections(np.pad(contour, 1)):
        part = np.pad(contour[first - 1 : last], 300, mode="edge")
        smoothed[first - 1 : last] = lfilter(b, a, lfilter(b, a, part)[::-1])[::-1][300:-300]
    return smoothed
