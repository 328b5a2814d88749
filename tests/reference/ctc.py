"""The best path of CTC emissions through given labels, by NumPy: one vector of states a frame, all ways kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from msftk.types import Float32, Float64

Int64 = NDArray[np.int64]


def best_path(log_p: Float32, labels: Int64, blank: int) -> tuple[Int64, Int64, Float64, float]:
    """log_p [frames, classes], labels [n] -> first frame, frame after the last, log-probability of each label; total.

    States are blank, label, blank, ..., label, blank (Graves et al. 2006, Sec. 4.1); of equal ways the one that stays
    is kept, then the one from the state before. Without a path the total is -inf.
    """
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = labels[1:] != labels[:-1]
    emitted = log_p[:, states].astype(np.float64)  # [frames, states]
    score = np.full(len(states), -np.inf)
    score[:2] = emitted[0, :2]
    ways = np.zeros(emitted.shape, np.int8)
    never = np.array([-np.inf])
    for frame in range(1, len(log_p)):
        ways_here = np.stack(
            [score, np.r_[never, score[:-1]], np.where(may_skip, np.r_[never, never, score[:-2]], -np.inf)]
        )
        ways[frame] = ways_here.argmax(axis=0)  # the first of equal ones
        score = ways_here.max(axis=0) + emitted[frame]
    state = len(states) - 1 if score[-1] > score[-2] else len(states) - 2
    total = float(score[state])
    first, last = np.zeros(len(labels), np.int64), np.zeros(len(labels), np.int64)
    said = np.zeros(len(labels))
    if total == -np.inf:
        return first, last, said, total
    for frame in range(len(log_p) - 1, -1, -1):
        if state % 2:
            label = state // 2
            if not last[label]:
                last[label] = frame + 1
            first[label] = frame
            said[label] += emitted[frame, state]
        state -= int(ways[frame, state])
    return first, last, said, total
