"""Where training starts: predictions with the mean and the spread of the training ratings, and not against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from msftk.interfaces import Sampler
from msftk.models.network import SerNetwork
from msftk.models.randomness import random_state, set_random_state
from msftk.models.where import Where
from msftk.runs.inputs import Examples, Heard
from msftk.settings import Training
from msftk.training.batches import training_batches
from msftk.training.loader import read_step
from msftk.training.steps import Micro, forward

LEAST_SPREAD = 1e-6  # of predictions on the unit scale; below it they are one number and its rounding


def start_from_ratings(
    network: SerNetwork,
    train: Examples,
    sampler: Sampler,
    training: Training,
    micro_batch: int,
    where: Where,
    heard: Heard | None = None,
) -> None:
    """Shifts and scales each regression's predictions, in place, before the first optimiser step.

    What the network says in that step has then in each column the mean and the standard deviation of all training
    ratings, dropout included: the same random numbers are drawn here and there. As in layer-sequential unit-variance
    initialisation (Mishkin and Matas 2016), for the last layer alone. From predictions far off the CCC loss hardly
    learns, its slope falls with the square of the offset; from predictions without spread nothing before the last layer
    learns. Predictions that run against the ratings are turned round: as long as they do, the loss falls by driving
    their mean away.

    Ratings that do not vary, or predictions that do not, are met in their mean alone; a column that nobody rated and a
    head that does not offer `rescale` stay as they are.
    """
    step = training_batches(sampler, train.lengths, training.batch, micro_batch, training.seed, 1)[0]
    network.train()
    rescale_heads(network, read_step(train, step, heard), train.truths, where)


def rescale_heads(network: SerNetwork, step: Sequence[Micro], truths: Mapping[str, Tensor], where: Where) -> None:
    """What `start_from_ratings` does, on one step, in the network's mode; truths: target -> [n, column] of all."""
    state, modes = random_state(where.device), [(module, module.training) for module in network.modules()]
    said = _said(network, step, where)
    undropped = _said(network.eval(), step, where)
    for module, training in modes:
        module.training = training
    set_random_state(where.device, state)
    with torch.no_grad():
        for name, head in network.heads.items():
            if network.targets[name].is_rating:
                own = _means(torch.cat([own[name] for _, own in step]).to(said[name]))
                sign = torch.where(_covariance(undropped[name], own) < 0, -1.0, 1.0)
                head.rescale(*_scale_and_shift(said[name], _means(truths[name]).to(own), sign))  # type: ignore[operator]


def _said(network: SerNetwork, step: Sequence[Micro], where: Where) -> dict[str, Tensor]:
    """Predictions of each regression in the network's mode: target -> [batch, column]."""
    with torch.no_grad():
        answers = [forward(network, batch.to(where.device), where).answers for batch, _ in step]
    names = [name for name, one in network.targets.items() if one.is_rating]
    return {name: torch.cat([one[name].outputs["value"] for one in answers]) for name in names}


def _means(truth: Tensor) -> Tensor:
    """[n, column] of what may be [n, column, rater]."""
    return truth.nanmean(-1) if truth.dim() == 3 else truth


def _scale_and_shift(said: Tensor, truth: Tensor, sign: Tensor) -> tuple[Tensor, Tensor]:
    """scale * said + shift has the moments of truth: said [batch, column], truth [n, column] -> [column] each."""
    mean_said, spread_said = _moments(said)
    mean, spread = _moments(truth)
    scale = sign * torch.where((spread > 0) & (spread_said > LEAST_SPREAD), spread / spread_said, 1.0)
    unrated = truth.isnan().all(0)
    return torch.where(unrated, 1.0, scale), torch.where(unrated, 0.0, mean - scale * mean_said)


def _covariance(said: Tensor, truth: Tensor) -> Tensor:
    """Its sign: [batch, column] each, truth with NaN -> [column]; 0 where nothing is rated."""
    return ((said - said.mean(0)) * (truth - truth.nanmean(0))).nansum(0)


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (population) of a column, without NaN."""
    mean = values.nanmean(0)
    return mean, (values - mean).square().nanmean(0).sqrt()
