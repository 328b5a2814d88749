"""How often does a 95 % interval hold the CCC over all speakers? Candidates beside the one that msftk prints.

    python benchmarks/coverage.py [--times 500]

Corpora of 4 to 100 speakers are drawn whose ratings and whose predictions have a mean of their own for each speaker, so
the CCC over infinitely many such speakers is known. Speakers are alike or different (a tenth or four tenths of the
ratings' variance lies between them), have equally many utterances or not (log-normal, sigma 1), their means are normal
or skewed (exponential), and CCC is .87, .51 or .34. Every cell is over the 24 combinations: coverage, the worst of
them, and the mean width. Bootstraps draw 1000 times.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

import numpy as np
from rich.console import Console
from rich.table import Table

from msftk.evaluation.ccc import ccc_of_moments, terms
from msftk.evaluation.intervals import METHOD, jackknife_interval
from msftk.evaluation.student import student_t
from msftk.types import Float64

SPEAKERS = (4, 8, 10, 24, 100)
MEAN_UTTERANCES = 20
DRAWS = 1000
SLOPES_AND_NOISES = ((0.9, 0.1, 0.4, 0.2), (0.5, 0.3, 0.6, 0.4), (0.3, 0.0, 0.7, 0.3))
Bounds = tuple[Float64, Float64]  # low, high [corpus]


@dataclass(frozen=True)
class World:
    """Where corpora are drawn from: ratings have variance 1, `between` of it between speakers."""

    between: float
    unequal: bool
    skewed: bool
    slope: float  # prediction = offset + slope * rating + what it errs on this speaker + noise
    offset: float
    noise: float
    on_speaker: float

    @property
    def ccc(self) -> float:
        """Of infinitely many speakers."""
        return 2 * self.slope / (self.slope**2 + self.noise**2 + self.on_speaker**2 + 1 + self.offset**2)

    def corpora(self, speakers: int, times: int, random: np.random.Generator) -> Float64:
        """Moments [speaker, corpus, 6]."""

        def of_speakers(sd: float) -> Float64:
            drawn = random.exponential(1, (times, 1)) - 1 if self.skewed else random.normal(0, 1, (times, 1))
            return sd * drawn

        def of_one() -> Float64:
            share = random.lognormal(-0.5, 1, times) if self.unequal else np.ones(times)
            utterances = np.maximum(2, (MEAN_UTTERANCES * share).astype(int))[:, None]
            size = (times, int(utterances.max()))
            truth = of_speakers(self.between**0.5) + random.normal(0, (1 - self.between) ** 0.5, size)
            said = self.offset + self.slope * truth + of_speakers(self.on_speaker) + random.normal(0, self.noise, size)
            said[np.arange(size[1]) >= utterances] = np.nan
            return np.stack([term.sum(axis=1) for term in terms(said, truth)], axis=-1)

        return np.stack([of_one() for _ in range(speakers)])


def worlds() -> Iterator[World]:
    for between, unequal, skewed, rest in product((0.1, 0.4), (False, True), (False, True), SLOPES_AND_NOISES):
        yield World(between, unequal, skewed, *rest)


def candidates(moments: Float64, random: np.random.Generator) -> dict[str, Bounds]:
    """Every candidate's interval of every corpus, from moments [speaker, corpus, 6]."""
    n = len(moments)
    total = moments.sum(axis=0)
    whole, without = ccc_of_moments(total), ccc_of_moments(total - moments)
    counts = random.multinomial(n, np.full(n, 1 / n), size=DRAWS)
    drawn_moments = (counts @ moments.reshape(n, -1)).reshape(DRAWS, *total.shape)
    drawn = ccc_of_moments(drawn_moments)
    plain, fisher = jackknife(whole, without), jackknife(np.arctanh(whole), np.arctanh(without))
    ours = np.array([jackknife_interval(moments[:, [corpus]]) for corpus in range(len(whole))])
    return {
        "percentile bootstrap": at(drawn, np.array([[0.025], [0.975]])),
        "BCa bootstrap": at(drawn, bca_places(drawn, whole, without)),
        "studentised bootstrap": studentised(moments, counts, drawn_moments, drawn),
        "t over the jackknife, n - 1": plain,
        "the same of Fisher's z": (np.tanh(fisher[0]), np.tanh(fisher[1])),
        f"{METHOD} (msftk)": (ours[:, 0], ours[:, 1]),
    }


def at(drawn: Float64, places: Float64) -> Bounds:
    """Quantiles of the draws [draw, corpus] at places [2, corpus or 1]."""
    ordered = np.sort(drawn, axis=0)
    rows = np.rint(np.clip(places, 0, 1) * (len(drawn) - 1)).astype(int)
    low, high = np.take_along_axis(ordered, np.broadcast_to(rows, (2, drawn.shape[1])), axis=0)
    return low, high


def bca_places(drawn: Float64, whole: Float64, without: Float64) -> Float64:
    """Efron 1987: where bias and acceleration move the quantiles [2, corpus]."""
    normal = NormalDist()
    below = np.clip((drawn < whole).mean(axis=0), 1 / len(drawn), 1 - 1 / len(drawn))
    bias = np.array([normal.inv_cdf(share) for share in below])
    away = without.mean(axis=0) - without
    acceleration = (away**3).sum(axis=0) / (6 * (away**2).sum(axis=0) ** 1.5)
    places = []
    for level in (0.025, 0.975):
        z = bias + normal.inv_cdf(level)
        places.append([normal.cdf(x) for x in bias + z / (1 - acceleration * z)])
    return np.array(places)


def studentised(moments: Float64, counts: Float64, drawn_moments: Float64, drawn: Float64) -> Bounds:
    """The bootstrap of (CCC - whole) / its standard error, the error of each draw from CCC's slope in the moments."""
    whole, slope = with_slope(moments.sum(axis=0))
    error = np.sqrt(sum((slope * one).sum(axis=-1) ** 2 for one in moments))
    drawn_slope = with_slope(drawn_moments)[1]
    squares = sum(counts[:, [k]] * (drawn_slope * one).sum(axis=-1) ** 2 for k, one in enumerate(moments))
    ratio = (drawn - whole) / np.maximum(np.sqrt(squares), 1e-12)
    low, high = at(ratio, np.array([[0.025], [0.975]]))
    return whole - high * error, whole - low * error


def with_slope(moments: Float64) -> tuple[Float64, Float64]:
    """CCC of moments [..., 6] and its derivative by each of them [..., 6]."""
    n, p, t, pp, tt, pt = np.moveaxis(moments, -1, 0)
    below = pp + tt - 2 * p * t / n
    ccc = 2 * (pt - p * t / n) / below
    means = np.stack([p * t / n**2, -t / n, -p / n], axis=-1) * (2 * (1 - ccc) / below)[..., None]
    squares = np.stack([-ccc / below, -ccc / below, 2 / below], axis=-1)
    return ccc, np.concatenate([means, squares], axis=-1)


def jackknife(whole: Float64, without: Float64) -> Bounds:
    n = len(without)
    error = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    return whole - student_t(n - 1) * error, whole + student_t(n - 1) * error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=500, help="corpora of each kind")
    times = parser.parse_args().times
    cells: dict[str, list[str]] = {}
    for speakers in SPEAKERS:
        random = np.random.default_rng(speakers)
        found: dict[str, list[tuple[float, float]]] = {}
        for world in worlds():
            for name, (low, high) in candidates(world.corpora(speakers, times, random), random).items():
                held = float(((low <= world.ccc) & (world.ccc <= high)).mean())
                found.setdefault(name, []).append((held, float(np.mean(high - low))))
        for name, each in found.items():
            held, width = np.array(each).T
            cells.setdefault(name, []).append(f"{held.mean():.3f} {held.min():.3f} {width.mean():.2f}")
    table = Table(
        "coverage, worst, width", *(f"{n} speakers" for n in SPEAKERS), title=f"{24 * times} corpora a column"
    )
    for name, row in cells.items():
        table.add_row(name, *row)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
