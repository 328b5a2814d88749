"""The training loop: epochs of optimiser steps, CCC on dev after each, and a state that a killed run resumes from."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.optim import AdamW

from msftk.errors import InputError, MsftkError
from msftk.evaluation.evaluation import ccc_by_attribute
from msftk.files import without_nan
from msftk.interfaces import Loss
from msftk.models.network import SerNetwork
from msftk.progress import Progress, ProgressCallback, silent
from msftk.settings import Settings, Training
from msftk.training.batches import Examples, training_batches
from msftk.training.checkpoints import write_text
from msftk.training.prediction import predict_examples
from msftk.training.resume import Reached, best_weights, load_state_into, save_state
from msftk.training.steps import accumulate_gradients, check_scope
from msftk.types import ATTRIBUTES, RatingScale


@dataclass(frozen=True)
class Data:
    """What one model trains on, and selects on (None: a fixed number of epochs)."""

    train: Examples
    dev: Examples | None
    scale: RatingScale


def fit(
    network: SerNetwork,
    data: Data,
    settings: Settings,
    folder: Path,
    *,
    device: torch.device,
    stage: str = "training",
    progress: ProgressCallback = silent,
) -> Reached:
    """Trains `network` in place; it ends with the selected weights (best mean CCC on dev, or the last epoch's).

    Writes `folder`/metrics.jsonl (a line an epoch) and `folder`/state; where these exist it goes on from them. Call it
    inside `seeded`, with the network built there.

    Raises:
        InputError: the loss does not fit the CCC scope.
        MsftkError: the loss is no longer a number.
    """
    training = settings.training
    loss: Loss = settings.create("loss")
    check_scope(loss, settings.loss.name, training.ccc_scope)
    optimiser = make_optimiser(network, training)
    reached = load_state_into(folder / "state", network, optimiser, device)
    metrics = _metrics_until(folder / "metrics.jsonl", reached.epoch)
    for epoch in range(reached.epoch + 1, training.epochs + 1):
        start = time.perf_counter()
        train_loss, rate = _epoch(
            network, data.train, loss, optimiser, training, epoch, _noting(progress, stage, reached)
        )
        dev = _dev_ccc(network, data)
        mean = dev.get("mean", math.nan)
        is_best = not math.isnan(mean) and (reached.best_ccc is None or mean > reached.best_ccc)
        reached = Reached(epoch, epoch, mean) if is_best else replace(reached, epoch=epoch)
        seconds = round(time.perf_counter() - start, 3)
        line = {"epoch": epoch, "train_loss": train_loss, "dev_ccc": dev, "learning_rate": rate, "seconds": seconds}
        metrics.append(json.dumps(without_nan(line)))
        write_text(folder / "metrics.jsonl", "\n".join(metrics) + "\n")
        save_state(folder / "state", reached, network, optimiser, device, is_best=is_best)
        progress(Progress(stage, epoch * _n_steps(data, training), _total_steps(data, training), _note(reached)))
    if training.select == "best" and reached.best_epoch:
        network.load_state_dict(best_weights(folder / "state", reached))
        return reached
    return replace(reached, best_epoch=reached.epoch)


def make_optimiser(network: SerNetwork, training: Training) -> AdamW:
    """AdamW with one group for parts from scratch and one for pretrained parts, where there are any."""
    pretrained = {id(parameter) for parameter in network.pretrained_parameters()}
    learning = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learning if id(p) not in pretrained], "peak": training.learning_rate},
        {"params": [p for p in learning if id(p) in pretrained], "peak": training.learning_rate_pretrained},
    ]
    return AdamW([g for g in groups if g["params"]], lr=training.learning_rate, weight_decay=training.weight_decay)


def rate_factor(step: int, total: int, warmup: float) -> float:
    """Share of the peak rate at `step` (0-based): linear rise over the first `warmup` share, then fall to 0."""
    rising = max(1, round(warmup * total)) if warmup > 0 else 0
    return (step + 1) / rising if step < rising else (total - step) / max(1, total - rising)


def choose_device(name: str) -> torch.device:
    """auto: CUDA where there is a GPU, else CPU. Raises InputError for cuda without one."""
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"--device {name}: expected auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no CUDA GPU here. Use --device cpu or auto.")
    return torch.device("cuda", 0) if name != "cpu" and torch.cuda.is_available() else torch.device("cpu")


def _epoch(
    network: SerNetwork,
    train: Examples,
    loss: Loss,
    optimiser: AdamW,
    training: Training,
    epoch: int,
    note: ProgressCallback,
) -> tuple[float, float]:
    """One pass over the training examples; returns the mean loss of its steps and the last learning rate."""
    network.train()
    device = next(network.parameters()).device
    steps = training_batches(train.lengths, training.batch, training.micro_batch, training.seed, epoch)
    total = len(steps) * training.epochs
    losses, rate = [], 0.0
    for place, rows_of_micros in enumerate(steps):
        step = (epoch - 1) * len(steps) + place
        factor = rate_factor(step, total, training.warmup)
        for group in optimiser.param_groups:
            group["lr"] = factor * group["peak"]
        rate = factor * training.learning_rate
        micros = [(train.batch(rows).to(device), train.targets[rows].to(device)) for rows in rows_of_micros]
        optimiser.zero_grad(set_to_none=True)
        losses.append(accumulate_gradients(network, loss, micros, training.ccc_scope))
        if not math.isfinite(losses[-1]):
            raise MsftkError(
                f"epoch {epoch}: the loss is {losses[-1]}. Lower training.learning_rate "
                f"(now {training.learning_rate:g}) or training.clip_norm (now {training.clip_norm:g})."
            )
        torch.nn.utils.clip_grad_norm_(network.parameters(), training.clip_norm)
        optimiser.step()
        note(Progress("", step + 1, total))
    return float(np.mean(losses)), rate


def _dev_ccc(network: SerNetwork, data: Data) -> dict[str, float]:
    """CCC on dev by attribute; "mean" is over the attributes for which it is defined."""
    if data.dev is None:
        return {}
    said = predict_examples(network, data.dev, data.scale)
    scores = ccc_by_attribute(said.values, data.dev.ratings)
    defined = [scores[a] for a in ATTRIBUTES if not math.isnan(scores[a])]
    return {**scores, "mean": float(np.mean(defined)) if defined else math.nan}


def _metrics_until(path: Path, epoch: int) -> list[str]:
    """Lines of the epochs that the saved state knows; a later or torn line is trained again."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return lines[:epoch]


def _n_steps(data: Data, training: Training) -> int:
    return -(-len(data.train) // training.batch)


def _total_steps(data: Data, training: Training) -> int:
    return training.epochs * _n_steps(data, training)


def _note(reached: Reached) -> str:
    return "" if reached.best_ccc is None else f"best dev CCC {reached.best_ccc:.3f}"


def _noting(progress: ProgressCallback, stage: str, reached: Reached) -> ProgressCallback:
    return lambda step: progress(replace(step, stage=stage, note=_note(reached)))
