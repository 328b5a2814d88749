"""The training loop: epochs of optimiser steps, CCC on dev after each, and a state that a killed run resumes from."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from torch import nn
from torch.optim import AdamW

from msftk.errors import MsftkError
from msftk.evaluation.evaluation import ccc_by_attribute
from msftk.models.network import SerNetwork
from msftk.models.own import load_own_state, parameter_groups
from msftk.models.where import Where
from msftk.progress import Progress, ProgressCallback, silent
from msftk.runs.folder import RunFolder
from msftk.runs.inputs import Examples
from msftk.runs.prediction import predict_examples
from msftk.runs.state import Reached, best_weights, load_state_into, save_state
from msftk.settings import Settings, Training
from msftk.training.loader import Loader
from msftk.training.objective import Objective, make_objective
from msftk.training.steps import accumulate_gradients
from msftk.types import ATTRIBUTES, RatingScale


@dataclass(frozen=True)
class TrainingData:
    """What one model trains on, and selects on (None: a fixed number of epochs)."""

    train: Examples
    dev: Examples | None
    scale: RatingScale


def fit(
    network: SerNetwork,
    data: TrainingData,
    settings: Settings,
    run: RunFolder,
    *,
    where: Where,
    stage: str = "training",
    progress: ProgressCallback = silent,
) -> Reached:
    """Trains `network` in place; it ends with the selected weights (best mean CCC on dev, or the last epoch's).

    Writes metrics (a line an epoch) and state into the run folder; where these exist it goes on from them. Call it
    inside `seeded`, with the network built there.

    Raises:
        InputError: the loss does not fit the CCC scope.
        MsftkError: the loss is no longer a number.
    """
    training = settings.training
    objective = make_objective(settings, network.targets)
    optimiser = make_optimiser(network, training)
    reached = load_state_into(run.state, network, optimiser, where.device)
    metrics = run.read_metrics(reached.epoch)  # a later line is trained again
    with Loader(data.train, training, where.device, begun=reached.epoch * _n_steps(data, training)) as loader:
        for epoch in range(reached.epoch + 1, training.epochs + 1):
            start = time.perf_counter()
            note = _noting(progress, stage, reached)
            train_loss, rate, share = _epoch(network, loader, data, objective, optimiser, training, epoch, where, note)
            dev = _dev_ccc(network, data, where)
            mean = dev.get("mean", math.nan)
            is_best = not math.isnan(mean) and (reached.best_ccc is None or mean > reached.best_ccc)
            reached = Reached(epoch, epoch, mean) if is_best else replace(reached, epoch=epoch)
            seconds = round(time.perf_counter() - start, 3)
            line = {
                "epoch": epoch,
                "train_loss": train_loss,
                "dev_ccc": dev,
                "learning_rate": rate,
                "seconds": seconds,
                "loader_share": share,
            }
            metrics.append(line)
            run.write_metrics(metrics)
            save_state(run.state, reached, network, optimiser, where.device, is_best=is_best)
            progress(Progress(stage, epoch * _n_steps(data, training), _total_steps(data, training), _note(reached)))
    if training.select == "best" and reached.best_epoch:
        load_own_state(network, best_weights(run.state, reached))
        return reached
    return replace(reached, best_epoch=reached.epoch)


def make_optimiser(network: SerNetwork, training: Training) -> AdamW:
    """AdamW with one group for each learning rate and decay that the network's parts ask for, scratch first."""
    peaks = {"scratch": training.learning_rate, "pretrained": training.learning_rate_pretrained}
    alike: dict[tuple[str, bool], list[nn.Parameter]] = {(rate, decay): [] for rate in peaks for decay in (True, False)}
    for group in parameter_groups(network):
        alike[group.rate, group.decay] += group.parameters
    return AdamW(
        [
            {"params": own, "peak": peaks[rate], "weight_decay": training.weight_decay if decay else 0.0}
            for (rate, decay), own in alike.items()
            if own
        ],
        lr=training.learning_rate,
        fused=True if any(p.is_cuda for p in network.parameters()) else None,  # one kernel for all; the CPU's stays
    )


def rate_factor(step: int, total: int, warmup: float) -> float:
    """Share of the peak rate at `step` (0-based): linear rise over the first `warmup` share, then fall to 0."""
    rising = max(1, round(warmup * total)) if warmup > 0 else 0
    return (step + 1) / rising if step < rising else (total - step) / max(1, total - rising)


def _epoch(
    network: SerNetwork,
    loader: Loader,
    data: TrainingData,
    objective: Objective,
    optimiser: AdamW,
    training: Training,
    epoch: int,
    where: Where,
    note: ProgressCallback,
) -> tuple[float, float, float]:
    """One pass over the training examples; returns the mean loss of its steps, the last learning rate, and for which
    share of the time batches were waited for."""
    network.train()
    n_steps, total = _n_steps(data, training), _total_steps(data, training)
    losses, rate = [], 0.0
    start, waited_s = time.perf_counter(), loader.waited_s
    for step, micros in enumerate(islice(loader, n_steps), start=(epoch - 1) * n_steps):
        factor = rate_factor(step, total, training.warmup)
        for group in optimiser.param_groups:
            group["lr"] = factor * group["peak"]
        rate = factor * training.learning_rate
        optimiser.zero_grad(set_to_none=True)
        losses.append(accumulate_gradients(network, objective, micros, training.ccc_scope, where))
        if not math.isfinite(losses[-1]):
            raise MsftkError(
                f"epoch {epoch}: the loss is {losses[-1]}. Lower training.learning_rate "
                f"(now {training.learning_rate:g}) or training.clip_norm (now {training.clip_norm:g})."
            )
        torch.nn.utils.clip_grad_norm_(network.parameters(), training.clip_norm)
        optimiser.step()
        note(Progress("", step + 1, total))
    share = (loader.waited_s - waited_s) / (time.perf_counter() - start)
    return float(np.mean(losses)), rate, round(share, 4)


def _dev_ccc(network: SerNetwork, data: TrainingData, where: Where) -> dict[str, float]:
    """CCC on dev by attribute; "mean" is over the attributes for which it is defined."""
    if data.dev is None:
        return {}
    predictions = predict_examples(network, data.dev, data.scale, where=where)
    scores = ccc_by_attribute(predictions.values, data.dev.ratings)
    defined = [scores[a] for a in ATTRIBUTES if not math.isnan(scores[a])]
    return {**scores, "mean": float(np.mean(defined)) if defined else math.nan}


def _n_steps(data: TrainingData, training: Training) -> int:
    return -(-len(data.train) // training.batch)


def _total_steps(data: TrainingData, training: Training) -> int:
    return training.epochs * _n_steps(data, training)


def _note(reached: Reached) -> str:
    return "" if reached.best_ccc is None else f"best dev CCC {reached.best_ccc:.3f}"


def _noting(progress: ProgressCallback, stage: str, reached: Reached) -> ProgressCallback:
    return lambda step: progress(replace(step, stage=stage, note=_note(reached)))
