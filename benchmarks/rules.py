"""A rule of one's own over a corpus: compiled by Numba against the same function called in Python.

    python benchmarks/rules.py [--sentences 20000]

Words and features are drawn at random, 17 words a sentence on average, as in MSP-Podcast. One core, CPU time, minimum
of several runs in turn; the time to compile stands apart.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from rich.console import Console
from rich.table import Table

from msftk.prosody.rules import FeatureRule
from msftk.types import Float64
from msftk_plugins.emphasis.spread import spread

REPEATS = 3


@FeatureRule
def loud_and_long(z_energy: Float64, z_duration: Float64, voiced: np.ndarray, weight_duration: float = 0.5) -> Float64:
    """Loud, long, voiced words: the ten-line rule of docs/rules.md."""
    score = z_energy + weight_duration * z_duration
    score[~voiced] -= 1.0  # whispered words need more
    return score


def corpus(n_sentences: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 34, n_sentences))])
    n_words = int(offsets[-1])
    columns = {name: rng.standard_normal(n_words) for name in ("z_energy", "z_duration", "log_energy")}
    columns["voiced"] = rng.random(n_words) < 0.9
    columns["log_f0"] = np.where(columns["voiced"], rng.normal(5, 0.3, n_words), np.nan)
    columns["log_f0_min"] = columns["log_f0"] - rng.random(n_words)
    return columns, offsets


def in_python(rule: FeatureRule, columns: dict[str, np.ndarray], offsets: np.ndarray) -> np.ndarray:
    """The function as it was written, called once a sentence."""
    features = [columns[name] for name in rule.features]
    own = (slice(first, end) for first, end in pairwise(offsets))
    return np.concatenate([rule.function(*(feature[words] for feature in features)) for words in own])


def seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=20_000)
    columns, offsets = corpus(parser.parse_args().sentences)
    table = Table("rule", "words", "Python s", "compiled s", "ratio", "compile once s", "largest difference", box=None)
    for rule in (loud_and_long, spread):
        options = rule.Options()
        compiling = seconds(lambda rule=rule, options=options: rule.run(columns, offsets, options))
        runs = [
            (
                seconds(lambda rule=rule: in_python(rule, columns, offsets)),
                seconds(lambda rule=rule, options=options: rule.run(columns, offsets, options)),
            )
            for _ in range(REPEATS)
        ]
        python_s, compiled_s = (min(times) for times in zip(*runs, strict=True))
        difference = np.abs(in_python(rule, columns, offsets) - rule.run(columns, offsets, options)).max()
        table.add_row(
            rule.__name__,
            str(offsets[-1]),
            f"{python_s:.3f}",
            f"{compiled_s:.4f}",
            f"{python_s / compiled_s:.0f}",
            f"{compiling:.1f}",
            f"{difference:.1e}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
