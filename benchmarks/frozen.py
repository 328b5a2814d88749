"""Training on stored vectors of a frozen encoder, beside a plain PyTorch loop; and the ablation grid on them.

    python benchmarks/frozen.py [--vectors 84000] [--states 1 25] [--epochs 2] [--grid] [--out FILE.md]

Vectors are random numbers of WavLM-large's sizes: mean and standard deviation of one layer [1, 2048], or the means of
all [25, 1024], with a transcript, an emphasis and a description vector of 384 beside each. Both sides train one FM-MoE
network with AdamW on the CCC loss, batches of 32. Ours is what `msftk train` runs after `msftk extract`: vectors out of
the store, kept in memory up to 4 GiB. What is read before the first step is left out; what an epoch reads is counted,
and so is the state that each epoch writes. The plain loop has every tensor in memory and draws rows of it at random. It
runs after ours in one process, so that the freed memory that we keep is kept for it too.

Both are given in processor time over all threads, to which other work on the machine adds little; ours reads ahead in a
thread, so that where a core is free it takes less time than this says.

--grid trains ten systems, as the rows of the paper's Table 2, with five seeds each on 2,000 utterances of which the
ratings are planted in the vectors: it says how long the grid takes, nothing of real speech.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from msftk.adaptation import stored_features
from msftk.models.batch import Batch
from msftk.models.build import build_network
from msftk.models.network import SerNetwork
from msftk.models.randomness import seeded
from msftk.models.targets import fit_targets
from msftk.models.threads import threads_for
from msftk.models.where import CPU
from msftk.preparation.acoustic import NAME, StoredAcoustics
from msftk.preparation.parts import acoustic_part
from msftk.preparation.prepared import Prepared
from msftk.preparation.texts import Answer
from msftk.runs.folder import RunFolder
from msftk.runs.inputs import Examples, Inputs
from msftk.settings import Settings, load_settings
from msftk.store.features import Store
from msftk.training.loop import TrainingData, fit
from msftk.training.objective import make_objective
from msftk.training.optimiser import make_optimiser
from msftk.types import ATTRIBUTES, Float32, RatingScale, Utterance

SCALE = RatingScale(1, 7)
SIZES = {1: 2048, 25: 1024}  # states -> numbers of each
GROUPS = {"gs": "transcript", "les": "transcript", "es": "extended"}
TEXT_DIM = 384
GRID = {  # sources, intra-modal fusion, fusion
    "acoustics alone": ((), "gated", "none"),
    "GS, concat": (("gs",), "gated", "concat"),
    "GS, cross-attention": (("gs",), "gated", "cross-attention"),
    "GS, FiLM": (("gs",), "gated", "film"),
    "LES, FiLM": (("les",), "gated", "film"),
    "ES, FiLM": (("es",), "gated", "film"),
    "GS + LES by attention, FiLM": (("gs", "les"), "attention", "film"),
    "GS + LES gated, FiLM": (("gs", "les"), "gated", "film"),
    "GS + LES + ES gated, FiLM": (("gs", "les", "es"), "gated", "film"),
    "GS + LES + ES gated, FM-MoE": (("gs", "les", "es"), "gated", "fm-moe"),
}


@dataclass(frozen=True)
class Corpus:
    """Utterances with their vectors: `features` [n, state, size], `texts` source -> [n, dim]."""

    utterances: tuple[Utterance, ...]
    features: Float32
    texts: dict[str, Float32]

    @classmethod
    def planted(cls, n: int, states: int) -> Corpus:
        """Ratings that a direction of the sound and one of each text decide, and noise."""
        random = np.random.default_rng(0)
        features = random.standard_normal((n, states, SIZES[states]), dtype=np.float32)
        texts = {source: random.standard_normal((n, TEXT_DIM), dtype=np.float32) for source in GROUPS}
        sound = features[:, 0, :8].mean(axis=1)
        truth = sum((words[:, :8].mean(axis=1) for words in texts.values()), start=2 * sound)
        rated = np.clip(4 + 2 * truth + 0.3 * random.standard_normal(n), 1, 7)
        utterances = tuple(
            Utterance(f"u{i}", Path(f"u{i}.wav"), speaker=f"s{i % 50}", ratings=dict.fromkeys(ATTRIBUTES, float(value)))
            for i, value in enumerate(rated)
        )
        return cls(utterances, features, texts)

    def stored(self, settings: Settings, store: Store) -> Prepared:
        """The vectors in the store, as preparation leaves them."""
        component = stored_features(settings)
        assert component is not None
        part = acoustic_part(settings, component)
        shelf = store.shelf(part.producer, flush_items=4096)
        shelves = {source: store.shelf({"planted": source}, flush_items=4096) for source in GROUPS}
        keys = [one.id for one in self.utterances]
        for row, key in enumerate(keys):
            if key not in shelf:
                shelf.put(key, {NAME: self.features[row]})
                for source, words in self.texts.items():
                    shelves[source].put(key, {"vector": words[row]})
        for one in (shelf, *shelves.values()):
            one.flush()
        sources = settings.semantics
        return Prepared(
            dims=dict.fromkeys(sources, TEXT_DIM),
            groups={source: GROUPS[source] for source in sources},
            failures={},
            stages={},
            warnings={},
            producers={},
            rows={key: row for row, key in enumerate(keys)},
            made_by=[{}] * len(keys),
            answers={source: [Answer(vector_key=key) for key in keys] for source in sources},
            shelves=shelves,
            f0_shelf=shelf,
            audio_keys=[None] * len(keys),
            acoustics=StoredAcoustics(part, shelf, keys),
        )


def settings_on(folder: Path, states: int, epochs: int, **flags: object) -> Settings:
    """Of a network that reads vectors of the model in `folder`, which is never loaded."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")
    layer = {"acoustic.layer": "weighted", "adaptation.pool": "mean"} if states > 1 else {}
    chosen = {"acoustic.name": "hf", "acoustic.model": str(folder), "acoustic.freeze": True, **layer}
    return load_settings("tiny", flags={**chosen, "training.epochs": epochs, **flags}, environment={})


def network_for(settings: Settings, prepared: Prepared, utterances: Sequence[Utterance]) -> SerNetwork:
    targets = fit_targets(settings.targets, utterances)
    config = prepared.acoustic_config
    return build_network(settings, prepared.dims, prepared.groups, targets, acoustic_config=config)


def examples(network: SerNetwork, inputs: Inputs, utterances: Sequence[Utterance]) -> Examples:
    assert not inputs.read_all(utterances, network.acoustic)
    return Examples(utterances, inputs, network.acoustic, SCALE, network.targets)


def fitted(corpus: Corpus, settings: Settings, store: Store, dev: int = 0) -> tuple[float, float]:
    """Seconds of training, reading apart, and the best mean CCC on the last `dev` utterances."""
    prepared = corpus.stored(settings, store)
    train, held_out = (
        corpus.utterances[: len(corpus.utterances) - dev],
        corpus.utterances[len(corpus.utterances) - dev :],
    )
    with seeded(settings.training.seed, CPU.device), tempfile.TemporaryDirectory() as run:
        network = network_for(settings, prepared, train)
        inputs = Inputs(prepared, settings.data.seconds_kept)
        data = TrainingData(
            examples(network, inputs, train), examples(network, inputs, held_out) if dev else None, SCALE
        )
        network.acoustic.fit(inputs.read(u, network.acoustic) for u in train)
        (Path(run) / "state").mkdir()
        with threads_for(network):
            start_s = time.process_time()
            reached = fit(network, data, settings, RunFolder(Path(run)), where=CPU)
            return time.process_time() - start_s, reached.best_ccc or float("nan")


def plain(corpus: Corpus, settings: Settings, store: Store) -> float:
    """Seconds of training over tensors in memory."""
    torch.manual_seed(0)
    network = network_for(settings, corpus.stored(settings, store), corpus.utterances).train()
    objective, optimiser = make_objective(settings, network.targets), make_optimiser(network, settings.training)
    features, texts = torch.from_numpy(corpus.features), {k: torch.from_numpy(v) for k, v in corpus.texts.items()}
    ratings = np.array([list((u.ratings or {}).values()) for u in corpus.utterances], np.float32)
    truths = torch.from_numpy(SCALE.to_unit(ratings).astype(np.float32))
    with threads_for(network):
        start_s = time.process_time()
        orders = (torch.randperm(len(features)) for _ in range(settings.training.epochs))
        for rows in chain.from_iterable(order.split(settings.training.batch) for order in orders):
            n = len(rows)
            lengths, here = torch.full((n,), features.shape[1]), dict.fromkeys(texts, torch.ones(n, dtype=torch.bool))
            batch = Batch(features[rows], lengths, {k: v[rows] for k, v in texts.items()}, here, ("",) * n)
            outputs = {name: one.outputs for name, one in network(batch).answers.items()}
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(objective(outputs, {"vad": truths[rows]}, {}, (), {"batch": 1.0}))
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.training.clip_norm)
            optimiser.step()
        return time.process_time() - start_s


def speed(n: int, states: int, epochs: int, repeats: int, folder: Path) -> tuple[float, float]:
    """Epochs a minute of ours and of the plain loop, the fastest of `repeats` that take turns."""
    corpus, store = Corpus.planted(n, states), Store(folder / f"store-{states}")
    settings = settings_on(folder / "model", states, epochs)
    pairs = [(fitted(corpus, settings, store)[0], plain(corpus, settings, store)) for _ in range(repeats)]
    return 60 * epochs / min(own for own, _ in pairs), 60 * epochs / min(other for _, other in pairs)


def grid(n: int, seeds: int, folder: Path) -> Table:
    """Every system of `GRID`, so many seeds each."""
    corpus, store = Corpus.planted(n, 1), Store(folder / "store-grid")
    table = Table("system", "CCC on dev, mean of seeds", "seconds a run", title=f"{n:,} utterances, {seeds} seeds")
    start_s = time.process_time()
    for system, (sources, intra, fusion) in GRID.items():
        named = {"semantics": sources, "intra.name": intra, "fusion.name": fusion}
        runs = []
        for seed in range(seeds):
            settings = settings_on(folder / "model", 1, 30, **named, **{"training.seed": seed})
            runs.append(fitted(corpus, settings, store, dev=n // 5))
        seconds, scores = zip(*runs, strict=True)
        table.add_row(system, f"{np.mean(scores):.2f}", f"{np.mean(seconds):.1f}")
    table.add_row("all", "", f"{(time.process_time() - start_s) / 60:.1f} min")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=int, default=84_000)
    parser.add_argument("--states", type=int, nargs="*", default=[1, 25], choices=list(SIZES))
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--grid", action="store_true", help="the ablation grid too")
    parser.add_argument("--out", type=Path, help="the tables as a file")
    arguments = parser.parse_args()
    console = Console(width=100, record=True)
    with tempfile.TemporaryDirectory(prefix="msftk-frozen-") as folder:
        rates = Table("vectors", "msftk, epochs a minute", "plain PyTorch loop", "ratio")
        for states in arguments.states:
            own, other = speed(arguments.vectors, states, arguments.epochs, arguments.repeats, Path(folder))
            shape = f"{arguments.vectors:,} x [{states}, {SIZES[states]}]"
            rates.add_row(shape, f"{own:.2f}", f"{other:.2f}", f"{own / other:.2f}")
        if arguments.states:
            console.print(rates)
        if arguments.grid:
            console.print(grid(2_000, 5, Path(folder)))
    console.print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}")
    if arguments.out:
        arguments.out.write_text("# Frozen vectors\n\n```text\n" + console.export_text() + "```\n", encoding="utf-8")


if __name__ == "__main__":
    main()
