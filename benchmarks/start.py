"""The paper's preset from three starts: predictions like the ratings, all at zero weights, ordinary random weights.

    python benchmarks/start.py --data DIR [--out DIR] [--start ratings zero ordinary] [--epochs 100]

DIR holds planted-msp and planted-iemocap: 300 of their utterances train, 30 are dev. The encoder is a small WavLM with
random weights, saved and then named as a user names one; MiniLM stands for RoBERTa. All else is the preset's, its
learning rate of 1e-5 too. Scored on the training utterances after the last epoch: whether anything is learned at all.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from starts import STARTS, register_starts  # the script beside this one
from transformers import WavLMConfig, WavLMModel

from msftk.recipes.evaluate import evaluate
from msftk.recipes.prepare import prepare
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, Utterance

N_TRAIN = 300
SIZES = {"hidden_size": 192, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 384}
FRONT = {
    "conv_dim": (16,) * 7,
    "conv_stride": (10, 2, 2, 2, 2, 2, 2),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
AT_EPOCHS = (1, 20, 100)


def planted(data: Path, out: Path) -> Manifest:
    """Both planted corpora on the scale of the first, the first 300 utterances for training."""
    msp = prepare("msp-podcast", data / "planted-msp", out / "msp.parquet").manifest
    iemocap = prepare("iemocap", data / "planted-iemocap", out / "iemocap.parquet").manifest

    def on_scale(utterance: Utterance) -> Utterance:
        unit = {name: iemocap.scale.to_unit(rating) for name, rating in (utterance.ratings or {}).items()}
        laid = {name: msp.scale.from_unit(rating) for name, rating in unit.items()}
        return replace(utterance, ratings=laid, rater_ratings=())

    everyone = [*msp.utterances, *map(on_scale, iemocap.utterances)]
    split = ["train"] * N_TRAIN + ["dev"] * (len(everyone) - N_TRAIN)
    kept = [replace(u, split=own, session=None) for u, own in zip(everyone, split, strict=True)]
    return replace(msp, utterances=tuple(kept))


def save_wavlm(folder: Path) -> Path:
    """Norms as WavLM-large has them."""
    torch.manual_seed(0)
    norms = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": False}
    WavLMModel(WavLMConfig(**SIZES, **FRONT, **norms)).save_pretrained(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of planted-msp and planted-iemocap")
    parser.add_argument("--out", type=Path, default=Path("runs/start"), help="runs and store; resumable")
    parser.add_argument("--start", nargs="+", choices=STARTS, default=list(STARTS))
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()
    register_starts()
    arguments.out.mkdir(parents=True, exist_ok=True)
    corpus, store = planted(arguments.data, arguments.out), Store(arguments.out / "store")
    wavlm = arguments.out / "wavlm"
    if not wavlm.is_dir():
        save_wavlm(wavlm)
    table = Table("start", *(f"train loss, epoch {n}" for n in AT_EPOCHS), *ATTRIBUTES, title="CCC on train")
    for start in arguments.start:
        run = RunFolder(arguments.out / f"{start}-{arguments.epochs}")
        flags = {
            "acoustic.model": str(wavlm),
            "text.name": "minilm",
            "describer.name": "measured",
            "training.epochs": arguments.epochs,
            "training.select": "last",
            "head.name": STARTS[start],
        }
        train(corpus, load_settings("paper", flags=flags), run.path, store=store, device="cpu", allow_overlap=True)
        losses = {line["epoch"]: line["train_loss"] for line in run.read_metrics(arguments.epochs)}
        scored = evaluate(run.path, corpus, "train", store=store, device="cpu")
        reached = [f"{losses[n]:.2f}" if n in losses else "–" for n in AT_EPOCHS]
        table.add_row(start, *reached, *(f"{scored.ccc[attribute]:.2f}" for attribute in ATTRIBUTES))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
