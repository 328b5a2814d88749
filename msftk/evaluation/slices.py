"""Parts of a split that are scored by themselves: who speaks, how long, of what category, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise

import numpy as np

from msftk.errors import UnknownNameError, did_you_mean
from msftk.evaluation.attributes import Numbers, ccc_by_attribute, ci95_by_attribute
from msftk.types import ATTRIBUTES, Bool, Float64, Utterance

Parts = dict[str, Bool]  # name of the part -> [n] which utterances are in it
UNKNOWN = "unknown"
EDGES_S = (2.0, 4.0, 8.0)  # most turns of MSP-Podcast last 3 to 11 s; below 2 s little is heard


@dataclass(frozen=True)
class SliceScores:
    """CCC of one part of a split, and its interval, by attribute and "mean"; `n` utterances."""

    n: int
    ccc: Numbers
    ci95: dict[str, tuple[float, float]]


def score_slices(
    values: Float64, truth: Float64, labels: Sequence[str], utterances: Sequence[Utterance], by: str
) -> dict[str, SliceScores]:
    """Scores of each part of `utterances`: values, truth [n, attribute], clusters' labels [n]. Raises as `parts_of`.

    >>> truth = np.array([[1.0, 2.0, 3.0], [2.0, 5.0, 4.0], [6.0, 6.0, 1.0], [5.0, 2.0, 2.0]])
    >>> people = [Utterance(f"u{k}", None, gender="fm"[k % 2]) for k in range(4)]
    >>> score_slices(truth, truth, ["s1", "s2", "s1", "s2"], people, "gender")["m"].ccc["valence"]
    1.0
    """

    def score(rows: Bool) -> SliceScores:
        own = values[rows], truth[rows]
        bounds = ci95_by_attribute(*own, list(compress(labels, rows)))
        return SliceScores(int(rows.sum()), ccc_by_attribute(*own), bounds)

    return {name: score(rows) for name, rows in parts_of(utterances, by).items()}


def parts_of(utterances: Sequence[Utterance], by: str) -> Parts:
    """The parts of `utterances` by one of SLICES, in a readable order; those of which it is not known come last.

    Raises UnknownNameError for another name.

    >>> parts_of([Utterance("a", None, gender="Female"), Utterance("b", None)], "gender")
    {'Female': array([ True, False]), 'unknown': array([False,  True])}
    """
    if by not in SLICES:
        raise UnknownNameError(f"--by {by}: unknown. {did_you_mean(by, SLICES)}Known: {', '.join(SLICES)}.")
    return SLICES[by](utterances)


def by_duration(utterances: Sequence[Utterance]) -> Parts:
    """By length in s, at EDGES_S.

    >>> list(by_duration([Utterance("a", None, start_s=1.0, end_s=3.5), Utterance("b", None, duration_s=9.0)]))
    ['2 to 4 s', '8 s or more']
    """
    lengths_s = np.array([_length_s(one) for one in utterances])
    edges = [f"{edge:g}" for edge in EDGES_S]
    names = [f"under {edges[0]} s", *(f"{a} to {b} s" for a, b in pairwise(edges))]
    return _numbered(lengths_s, EDGES_S, [*names, f"{edges[-1]} s or more"])


def by_rater_spread(utterances: Sequence[Utterance]) -> Parts:
    """In thirds by how far an utterance's raters differ: their standard deviation, corpus scale, mean of attributes.

    Whom fewer than two people rated is "unknown". Where all differ alike there is one part.

    >>> list(by_rater_spread([Utterance("a", None)]))
    ['unknown']
    """
    spreads = np.array([_spread(one) for one in utterances])
    known = spreads[~np.isnan(spreads)]
    edges = np.quantile(known, [1 / 3, 2 / 3]) if known.size else np.zeros(2)
    low, high = (f"{edge:.2f}" for edge in edges)
    return _numbered(spreads, edges, [f"sd under {low}", f"sd {low} to {high}", f"sd {high} or more"])


def by_missing(utterances: Sequence[Utterance]) -> Parts:
    """By what the manifest does not have of an utterance: audio, transcript, alignment.

    >>> list(by_missing([Utterance("a", None, transcript="so")]))
    ['audio, alignment']
    """
    lacks = ([name for name in ("audio", "transcript", "alignment") if getattr(u, name) is None] for u in utterances)
    return _named([", ".join(own) or "nothing" for own in lacks])


def _labels(field: str) -> Callable[[Sequence[Utterance]], Parts]:
    return lambda utterances: _named([getattr(one, field) or UNKNOWN for one in utterances])


SLICES: dict[str, Callable[[Sequence[Utterance]], Parts]] = {
    "gender": _labels("gender"),
    "speaker": _labels("speaker"),
    "duration": by_duration,
    "category": _labels("category"),
    "missing": by_missing,
    "rater-spread": by_rater_spread,
}


def _named(labels: Sequence[str]) -> Parts:
    column = np.array(labels, dtype=object)
    return {name: column == name for name in sorted(set(labels), key=lambda name: (name == UNKNOWN, name))}


def _numbered(values: Float64, edges: Iterable[float], names: Sequence[str]) -> Parts:
    """By number [n]: the first name below the first edge, the next from there on, ...; NaN is unknown."""
    place = np.searchsorted(np.array(list(edges)), values, side="right")
    known = ~np.isnan(values)
    parts = {name: known & (place == row) for row, name in enumerate(names)} | {UNKNOWN: ~known}
    return {name: rows for name, rows in parts.items() if rows.any()}


def _length_s(utterance: Utterance) -> float:
    if utterance.duration_s is not None:
        return utterance.duration_s
    return np.nan if utterance.end_s is None else utterance.end_s - (utterance.start_s or 0.0)


def _spread(utterance: Utterance) -> float:
    raters = utterance.rater_ratings or ()
    given = [[r.ratings[a] for r in raters if a in r.ratings] for a in ATTRIBUTES]
    spreads = [np.std(own) for own in given if len(own) > 1]
    return float(np.mean(spreads)) if spreads else np.nan
