"""The paper's ablation grid on frozen features: how long it takes, what `ablate` adds to its runs, how sure it is.

    python benchmarks/ablate.py [--utterances 2000] [--seeds 5] [--overhead] [--claims] [--compare] [--out FILE.md]

The corpus is segments of 0.4 s of noise by 50 speakers, each with two words; the encoder is a WavLM of one layer with
random weights, 1024 wide as WavLM-large, frozen: 2,048 numbers an utterance, stored once. Texts are hashed. The scores
say nothing of speech, the time is that of any corpus of this size. Time is the processor's, over all threads, to which
other work on the machine adds little.

--overhead: three rows with two seeds by `ablate`, and the same six runs by `train` one after another.
--claims: how often equal systems are told apart, by what `compare` does and by a percentile bootstrap of speakers.
--compare: two runs on 30,000 utterances of 1,500 speakers, 10,000 draws, without and with a category of 8 classes.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from rich.console import Console
from rich.table import Table

from msftk.evaluation.bootstrap import cluster_counts
from msftk.evaluation.ccc import ccc_of_moments
from msftk.evaluation.clusters import cluster_moments
from msftk.evaluation.comparison import compare_predictions
from msftk.evaluation.paired import paired_ccc
from msftk.evaluation.paired_targets import pair_targets
from msftk.evaluation.predictions import OtherTarget, Predictions
from msftk.preparation.extract import extract
from msftk.recipes import ablate as recipe
from msftk.recipes.ablate import ablate
from msftk.recipes.grid import read_grid, settings_of
from msftk.recipes.train import train
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, AudioStamp, RatingScale, Utterance

SECONDS, SPEAKERS = 0.4, 50
WORDS = ("stop", "never", "always", "home", "why", "sun", "river", "angry", "glad", "tell")
ROWS = [row.name for row in read_grid("paper").row if not row.part]
FEW = ["baseline", "gs-film", "gs-les-es-moe"]


def corpus_of(folder: Path, n: int) -> Manifest:
    """Utterances out of one long file, a table of words beside it; ratings follow loudness and the first word."""
    random = np.random.default_rng(0)
    loudness = random.uniform(0.02, 0.3, n)
    samples = round(SECONDS * 16_000)
    soundfile.write(folder / "all.wav", (loudness[:, None] * random.normal(0, 0.3, (n, samples))).ravel(), 16_000)
    stamp = AudioStamp.of(folder / "all.wav")
    said = random.integers(0, len(WORDS), (n, 2))
    lines = [f"u{k},{w * 0.2:.1f},{(w + 1) * 0.2:.1f},{WORDS[said[k, w]]}" for k in range(n) for w in range(2)]
    (folder / "words.csv").write_text("id,start,end,word\n" + "\n".join(lines))
    meaning = random.normal(0, 1, len(WORDS))[said[:, 0]]
    rated = np.stack([4 + meaning, 1 + 20 * loudness, 4 + meaning / 2 + 4 * loudness], axis=1)
    rated = np.clip(rated + random.normal(0, 0.3, rated.shape), 1, 7)
    utterances = tuple(
        Utterance(
            f"u{k}",
            folder / "all.wav",
            start_s=k * SECONDS,
            end_s=(k + 1) * SECONDS,
            speaker=f"s{k % SPEAKERS}",
            split=("train", "train", "train", "dev", "test")[k % SPEAKERS % 5],
            transcript=" ".join(WORDS[word] for word in said[k]),
            alignment=folder / "words.csv",
            ratings=dict(zip(ATTRIBUTES, row.tolist(), strict=True)),
            duration_s=SECONDS,
            audio_stamp=stamp,
        )
        for k, row in enumerate(rated)
    )
    return Manifest("noise", RatingScale(1, 7), utterances, {"ratings": "made up"})


def encoder(folder: Path) -> Path:
    from transformers import WavLMConfig, WavLMModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 1024, "num_hidden_layers": 1, "num_attention_heads": 16, "intermediate_size": 512}
    WavLMModel(WavLMConfig(**sizes, conv_dim=(16,) * 7)).save_pretrained(folder)
    return folder


def processor_s(work: Callable[[], object]) -> float:
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def grid(corpus: Manifest, settings: list[str], store: Store, out: Path, seeds: int) -> Table:
    for name, own in settings_of(read_grid("paper").only(ROWS), "tiny", None, settings).items():
        extract(corpus.utterances, own, store, with_f0=True)
        print(f"stored for {name}", flush=True)
    start_s = time.perf_counter()
    took_s = processor_s(
        lambda: ablate(corpus, "paper", out, assignments=settings, rows=ROWS, seeds=seeds, store=store, device="cpu")
    )
    table = Table("utterances", "rows x seeds", "processor", "clock", title="the grid, after its features are stored")
    clock = f"{(time.perf_counter() - start_s) / 60:.1f} min"
    table.add_row(f"{len(corpus.utterances):,}", f"{len(ROWS)} x {seeds}", f"{took_s / 60:.1f} min", clock)
    return table


def overhead(corpus: Manifest, settings: list[str], store: Store, out: Path) -> Table:
    """Processor seconds of `ablate`, of what it spends within its runs, and of the same runs by `train` alone."""
    few = read_grid("paper").only(FEW)
    rows = settings_of(few, "tiny", None, settings)
    within: list[float] = []

    def timed(*given: Any, **named: Any) -> None:
        within.append(processor_s(lambda: train(*given, **named)))

    def by_train() -> None:
        for name, own in rows.items():
            for seed in range(2):
                one = own.model_copy(update={"training": own.training.model_copy(update={"seed": seed})})
                train(corpus, one, out / "alone" / name / str(seed), store=store, device="cpu")

    def by_ablate(name: str) -> None:
        ablate(corpus, few, out / name, assignments=settings, seeds=2, store=store, device="cpu")

    by_ablate("first")  # warms up, and stores the features
    recipe.train = timed
    whole_s = processor_s(lambda: by_ablate("second"))
    recipe.train = train
    alone_s = processor_s(by_train)
    table = Table("3 rows x 2 seeds", "ablate", "within its runs", "the rest", "the same runs by train")
    share = (whole_s - sum(within)) / sum(within)
    seconds = (f"{whole_s:.1f} s", f"{sum(within):.1f} s", f"{share:.2%}", f"{alone_s:.1f} s")
    table.add_row(f"{len(corpus.utterances):,} utterances", *seconds)
    return table


def compared() -> Table:
    n, speakers = 30_000, 1_500
    random = np.random.default_rng(0)
    truth = random.normal(4, 1, (n, 3))
    classes = tuple("ACDFHNSU")
    utterances = [
        Utterance(
            f"u{k}", None, speaker=f"s{k % speakers}", ratings=dict(zip(ATTRIBUTES, row, strict=True)), category=own
        )
        for k, (row, own) in enumerate(zip(truth.tolist(), random.choice(classes, n).tolist(), strict=True))
    ]
    table = Table("two runs", "draws", "processor", title="compare")
    for told in ({}, {"category": OtherTarget(classes, {"value": random.normal(0, 1, (n, len(classes)))})}):
        said = {one: truth + random.normal(0, 1, truth.shape) for one in "ab"}
        systems = {one: [_predictions(utterances, values, told)] for one, values in said.items()}
        pairs = {"all": [("b", "a")]}
        took_s = min(
            processor_s(lambda of=systems, by=pairs: compare_predictions(of, utterances, by)) for _ in range(3)
        )
        what = f"{n:,} utterances, {speakers:,} speakers{', 8 classes' if told else ''}"
        table.add_row(what, "10,000", f"{took_s:.2f} s")
    return table


def _predictions(utterances: list[Utterance], values: np.ndarray, others: dict[str, OtherTarget]) -> Predictions:
    ids, empty = tuple(u.id for u in utterances), np.zeros((len(utterances), 1, 3))
    return Predictions(ids, values, RatingScale(1, 7), ("one",), empty, empty, others=others)


def claimed(times: int = 400) -> Table:
    """How often a difference is found at 5 % between systems of equal worth: they err on speakers each in its own way,
    and a seed moves how much a run follows the ratings, or takes to a class."""
    columns = "speakers", "runs a system", "compare, CCC", "compare, UAR", "percentile bootstrap of speakers, CCC"
    table = Table(*columns, title=f"{times} pairs")
    for speakers in (4, 8, 24, 100):
        for seeds in (1, 5):
            random, found, naive, told = np.random.default_rng(1), 0, 0, 0
            for _ in range(times):
                moments = equal_systems(speakers, seeds, random)
                found += paired_ccc(moments, draws=500).difference(1, 0)[0].p < 0.05
                low, high = percentiles(moments)
                naive += not low <= 0 <= high
            for _ in range(times):
                (tested,) = pair_targets(*equal_tellers(speakers, seeds, random), draws=500)
                told += tested.difference("b", "a")["uar"].p < 0.05
            table.add_row(str(speakers), str(seeds), *(f"{one / times:.3f}" for one in (found, told, naive)))
    return table


def equal_systems(speakers: int, seeds: int, random: np.random.Generator, each: int = 30) -> list[np.ndarray]:
    place = np.repeat(np.arange(speakers), each)
    truth = random.normal(0, 0.4, speakers)[place] + random.normal(0, 0.9, len(place))
    moments = []
    for _ in range(2):
        err = random.normal(0, 0.35, speakers)[place] + random.normal(0, 0.35, len(place))
        runs = [
            (0.6 + random.normal(0, 0.05)) * truth
            + (err + random.normal(0, 0.3, len(place)) + random.normal(0, 0.2, speakers)[place])
            for _ in range(seeds)
        ]
        moments.append(cluster_moments(np.stack(runs, axis=1)[..., None], truth[:, None, None], place.astype(str)))
    return moments


def equal_tellers(
    speakers: int, seeds: int, random: np.random.Generator, each: int = 30
) -> tuple[dict[str, list[Predictions]], list[Utterance], list[str]]:
    """Systems that tell four classes, half of the utterances being of one; the utterances, and the speaker of each."""
    classes, place = tuple("AHNS"), np.repeat(np.arange(speakers), each)
    own = random.choice(4, len(place), p=[0.1, 0.15, 0.5, 0.25])
    utterances = [Utterance(f"u{k}", None, category=classes[one]) for k, one in enumerate(own)]
    systems = {}
    for name in "ab":
        skill = random.normal(1, 0.4, (speakers, 4))[place, own]
        runs = []
        for _ in range(seeds):
            logits = random.normal(0, 1, (len(place), 4))
            logits[np.arange(len(place)), own] += skill + random.normal(0, 0.15, 4)[own]
            told = {"category": OtherTarget(classes, {"value": logits})}
            runs.append(_predictions(utterances, np.zeros((len(place), 3)), told))
        systems[name] = runs
    return systems, utterances, [f"s{one}" for one in place]


def percentiles(moments: list[np.ndarray]) -> tuple[float, float]:
    counts = np.concatenate(list(cluster_counts(len(moments[0]), 500)))
    first, second = (ccc_of_moments(np.tensordot(counts, one, axes=1)).mean(axis=(1, 2)) for one in moments)
    low, high = np.percentile(second - first, [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--utterances", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=5)
    for name in ("grid", "overhead", "claims", "compare"):
        parser.add_argument(f"--{name}", action="store_true", help="this table; default: all")
    parser.add_argument("--out", type=Path, help="the tables as a file")
    arguments = parser.parse_args()
    chosen = [name for name in ("compare", "claims", "overhead", "grid") if getattr(arguments, name)]
    chosen = chosen or ["compare", "claims", "overhead", "grid"]
    console = Console(width=100, record=True)
    with tempfile.TemporaryDirectory(prefix="msftk-ablate-") as name:
        folder = Path(name)
        if "compare" in chosen:
            console.print(compared())
        if "claims" in chosen:
            console.print(claimed())
        if {"overhead", "grid"} & set(chosen):
            corpus, store = corpus_of(folder, arguments.utterances), Store(folder / "store")
            settings = ["text.name=hashing", "acoustic.name=hf", f"acoustic.model={encoder(folder / 'model')}"]
            settings += ["acoustic.freeze=true", "acoustic.normalise=none"]
            if "overhead" in chosen:
                console.print(overhead(corpus, settings, store, folder / "runs"))
            if "grid" in chosen:
                console.print(grid(corpus, settings, store, folder / "grid", arguments.seeds))
    console.print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}")
    if arguments.out:
        arguments.out.write_text("# Ablation\n\n```text\n" + console.export_text() + "```\n", encoding="utf-8")


if __name__ == "__main__":
    main()
