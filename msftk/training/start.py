"""Where training starts: predictions with the mean and the spread of the training ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from msftk.models.batch import Batch
from msftk.models.network import SerNetwork
from msftk.models.randomness import random_state, set_random_state
from msftk.models.where import Where
from msftk.runs.inputs import Examples
from msftk.settings import Training
from msftk.training.batches import training_batches
from msftk.training.steps import forward

LEAST_SPREAD = 1e-6  # of predictions on the unit scale; below it they are one number and its rounding


def start_from_ratings(
    network: SerNetwork, train: Examples, training: Training, micro_batch: int, where: Where
) -> None:
    """Shifts and scales each regression's predictions, in place, before the first optimiser step.

    What the network says in that step has then in each column the mean and the standard deviation of all training
    ratings, dropout included: the same random numbers are drawn here and there. As in layer-sequential unit-variance
    initialisation (Mishkin and Matas 2016), for the last layer alone. From predictions far off the CCC loss hardly
    learns, its slope falls with the square of the offset; from predictions without spread nothing before the last layer
    learns.

    Ratings that do not vary, or predictions that do not, are met in their mean alone; a column that nobody rated and a
    head that does not offer `rescale` stay as they are.
    """
    step = training_batches(train.lengths, training.batch, micro_batch, training.seed, 1)[0]
    network.train()
    rescale_heads(network, [train.batch(rows) for rows in step], train.truths, where)


def rescale_heads(network: SerNetwork, step: Sequence[Batch], truths: Mapping[str, Tensor], where: Where) -> None:
    """What `start_from_ratings` does, on the batches of one step; truths: target -> [n, column]."""
    state = random_state(where.device)
    with torch.no_grad():
        answers = [forward(network, batch.to(where.device), where).answers for batch in step]
        for name, head in network.heads.items():
            if network.targets[name].target.answer == "regression":
                said = torch.cat([one[name].outputs["value"] for one in answers])
                head.rescale(*_scale_and_shift(said, truths[name].to(said)))  # type: ignore[operator]
    set_random_state(where.device, state)


def _scale_and_shift(said: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """scale * said + shift has the moments of truth: said [batch, column], truth [n, column] -> [column] each."""
    mean_said, spread_said = _moments(said)
    mean, spread = _moments(truth)
    scale = torch.where((spread > 0) & (spread_said > LEAST_SPREAD), spread / spread_said, 1.0)
    return scale, torch.where(truth.isnan().all(0), 0.0, mean - scale * mean_said)


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (population) of a column, without NaN."""
    mean = values.nanmean(0)
    return mean, (values - mean).square().nanmean(0).sqrt()
