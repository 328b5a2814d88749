"""The training loop: epochs of optimiser steps, CCC on dev after each, and a state that a killed run resumes from."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import torch

from msftk.errors import InputError, MsftkError
from msftk.evaluation.attributes import ccc_by_attribute
from msftk.interfaces import Sampler
from msftk.models.heap import keep_freed_memory
from msftk.models.network import SerNetwork
from msftk.models.own import load_own_state
from msftk.models.processes import counts, first_alone, gather, share_weights, together
from msftk.models.randomness import random_state, set_random_state
from msftk.models.where import Where
from msftk.progress import Progress, ProgressCallback, silent
from msftk.runs.folder import RunFolder
from msftk.runs.inputs import Examples
from msftk.runs.prediction import predict_examples
from msftk.runs.state import Reached, best_weights, load_state_into, save_state
from msftk.settings import Settings
from msftk.training.gradients import Learning
from msftk.training.interrupts import held_back
from msftk.training.loader import Loader
from msftk.training.memory import micro_batch_of
from msftk.training.objective import make_objective
from msftk.training.optimiser import make_optimiser, rate_factor, set_rates
from msftk.training.start import start_from_ratings
from msftk.training.steps import Micro, accumulate_gradients
from msftk.training.transforms import AS_RECORDED, Transforms
from msftk.types import ATTRIBUTES, RatingScale

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingData:
    """What one model trains on, and selects on (None: a fixed number of epochs). `transforms` are for `train` alone."""

    train: Examples
    dev: Examples | None
    scale: RatingScale
    transforms: Transforms = AS_RECORDED


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

    Writes metrics (a line an epoch) and state into the run folder: after every epoch, every `training.save_minutes`
    within one, and when it is interrupted; where these exist it goes on from them. Call it inside `seeded`, with the
    network built there.

    Raises:
        InputError: the loss does not fit the CCC scope; the training does not fit in memory.
        MsftkError: the loss is no longer a number.
    """
    keep_freed_memory()
    reached = _Fitting(network, data, settings, run, where, stage, progress).train()
    if settings.training.select == "best" and reached.best_epoch:
        together()
        load_own_state(network, best_weights(run.state, reached))
        return reached
    return replace(reached, best_epoch=reached.epoch)


class _Fitting:
    """A model in training, and where it is."""

    def __init__(
        self,
        network: SerNetwork,
        data: TrainingData,
        settings: Settings,
        run: RunFolder,
        where: Where,
        stage: str,
        progress: ProgressCallback,
    ) -> None:
        self.network, self.data, self.run, self.where = network, data, run, where
        with first_alone():
            self.micro_batch = micro_batch_of(network, data.train, settings, run, where)
        self.stage, self.progress = stage, progress
        self.training = settings.training
        self.objective = make_objective(settings, network.targets)
        self.objective.fit(data.train.truths)
        self.optimiser = make_optimiser(network, self.training)
        self.reached = load_state_into(run.state, network, self.optimiser, where.device)
        self.learning = Learning()
        self.metrics = run.read_metrics(self.reached.epoch)  # a later line is trained again
        if (n_lines := len(self.metrics)) < self.reached.epoch:
            lost = f"of {self.reached.epoch} epochs trained before it holds {n_lines}: scores of the others are lost"
            log.warning("%s: %s, what they learned is not", run.metrics_file, lost)
        self.sampler: Sampler = settings.create("sampler", utterances=data.train.utterances)
        self.epoch_steps: int = -(-self.sampler.size // self.training.batch)
        self.total_steps = self.training.epochs * self.epoch_steps
        smallest = self.sampler.size // self.epoch_steps
        if smallest < where.world_size:
            raise InputError(
                f"{where.world_size} processes share a batch of {smallest}: some would have "
                "nothing to do. Start fewer, or raise training.batch."
            )
        self.saved_s = time.monotonic()

    def train(self) -> Reached:
        sizes, transforms = (self.training, self.micro_batch, self.where), self.data.transforms
        if self._steps_done == 0:
            start_from_ratings(self.network, self.data.train, self.sampler, *sizes, transforms.in_epoch(1))
        share_weights(list(self.network.state_dict().values()))
        if self.where.rank:  # others draw other dropout
            torch.manual_seed(self.training.seed + 1_000_003 * self.where.rank + self._steps_done)
        try:
            with Loader(self.data.train, self.sampler, *sizes, begun=self._steps_done, transforms=transforms) as loader:
                while self.reached.epoch < self.training.epochs and not self._has_waited:
                    share = self._train_epoch(loader)
                    self._end_epoch(share)
        except KeyboardInterrupt:
            if self._steps_done:  # before the first step a run begins anew, to the same bits
                self._save()
            raise
        return self.reached

    @property
    def _has_waited(self) -> bool:
        """Whether `training.patience` epochs went by without a better one."""
        waited = self.reached.epoch - self.reached.best_epoch
        return 0 < self.training.patience <= waited

    @property
    def _steps_done(self) -> int:
        return self.reached.epoch * self.epoch_steps + len(self.reached.losses)

    def _train_epoch(self, loader: Loader) -> float:
        """The steps that are left of this epoch; returns for which share of them batches were waited for."""
        self.network.train()
        start_s, waited_s, before_s = time.perf_counter(), loader.waited_s, self.reached.seconds
        for micros in islice(loader, self.epoch_steps - len(self.reached.losses)):
            with held_back():
                losses = (*self.reached.losses, self._step(micros))
                self.reached = replace(self.reached, losses=losses, seconds=before_s + time.perf_counter() - start_s)
            if time.monotonic() - self.saved_s >= 60 * self.training.save_minutes:
                self._save()
            self._report(self._so_far(sum(losses) / len(losses)))
        return (loader.waited_s - waited_s) / (time.perf_counter() - start_s)

    def _step(self, micros: list[Micro]) -> float:
        """One optimiser step; returns its loss."""
        training = self.training
        set_rates(self.optimiser, rate_factor(self._steps_done, self.total_steps, training.warmup))
        self.optimiser.zero_grad(set_to_none=True)
        try:
            loss = accumulate_gradients(self.network, self.objective, micros, training.ccc_scope, self.where)
        except torch.OutOfMemoryError as error:
            raise MsftkError(
                f"epoch {self.reached.epoch + 1}: no memory left on {self.where.device} with micro-batches of "
                f"{self.micro_batch}. Train into another folder with half of it (--set training.micro_batch)."
            ) from error
        if not math.isfinite(loss):
            raise MsftkError(
                f"epoch {self.reached.epoch + 1}: the loss is {loss}. Lower training.learning_rate "
                f"(now {training.learning_rate:g}) or training.clip_norm (now {training.clip_norm:g})."
            )
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), training.clip_norm)
        self.learning.note(self.network, self._steps_done + 1)
        self.optimiser.step()
        return loss

    def _end_epoch(self, loader_share: float) -> None:
        """Scores dev, then writes the epoch's line and the state."""
        start_s, before = time.perf_counter(), random_state(self.where.device)
        try:
            dev = _dev_ccc(self.network, self.data, self.where)
        except KeyboardInterrupt:
            set_random_state(self.where.device, before)  # some encoders draw in evaluation too
            raise
        mean, epoch, trained = dev.get("mean", math.nan), self.reached.epoch + 1, self.reached
        is_best = not math.isnan(mean) and (trained.best_ccc is None or mean > trained.best_ccc)
        line = {
            **self._so_far(float(np.mean(trained.losses))),
            "dev_ccc": dev,
            "seconds": round(trained.seconds + time.perf_counter() - start_s, 3),
            "loader_share": round(loader_share, 4),
        }
        with held_back():
            self.reached = Reached(epoch, *((epoch, mean) if is_best else (trained.best_epoch, trained.best_ccc)))
            self.metrics.append(line)
            if self.where.writes:
                self.run.write_metrics(self.metrics)
            self._save(is_best=is_best)
        if self._has_waited:
            log.info("stopped after epoch %d: no better dev CCC in %d", epoch, self.training.patience)
        self._report(line)

    def _so_far(self, train_loss: float) -> dict[str, Any]:
        """Of this epoch: number, mean loss, last rate of parts trained from scratch, and speed without dev's part."""
        done, share = self.reached, len(self.reached.losses) / self.epoch_steps
        factor = rate_factor(self._steps_done - 1, self.total_steps, self.training.warmup)
        return {
            "epoch": done.epoch + 1,
            "train_loss": train_loss,
            "learning_rate": factor * self.training.learning_rate,
            "utterances_per_s": round(share * self.sampler.size / done.seconds, 2),
        }

    def _save(self, *, is_best: bool = False) -> None:
        if self.where.writes:
            save_state(self.run.state, self.reached, self.network, self.optimiser, self.where.device, is_best=is_best)
        self.saved_s = time.monotonic()
        log.info("state of step %d of %d saved in %s", self._steps_done, self.total_steps, self.run.state)

    def _report(self, metrics: Mapping[str, Any]) -> None:
        best = self.reached.best_ccc
        note = "" if best is None else f"best dev CCC {best:.3f}"
        if self._has_waited:
            note = f"stopped, {note or 'dev has no CCC'}"
        self.progress(Progress(self.stage, self._steps_done, self.total_steps, note, metrics))


def _dev_ccc(network: SerNetwork, data: TrainingData, where: Where) -> dict[str, float]:
    """CCC on dev by attribute; "mean" is over the attributes for which it is defined."""
    if data.dev is None:
        return {}
    own = np.array_split(np.arange(len(data.dev)), where.world_size)[where.rank]
    predictions = predict_examples(network, data.dev.part(own), data.scale, where=where)
    values = torch.from_numpy(predictions.values).to(where.device)
    values = gather(values, counts(len(own), where.device)).cpu()
    scores = ccc_by_attribute(values.numpy(), data.dev.ratings)
    defined = [scores[a] for a in ATTRIBUTES if not math.isnan(scores[a])]
    return {**scores, "mean": float(np.mean(defined)) if defined else math.nan}
