"""Predictions of a network on the corpus scale, for evaluation in training and for files a user brings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from msftk.evaluation.predictions import Predictions
from msftk.models.network import SerNetwork
from msftk.progress import Progress, ProgressCallback, silent
from msftk.training.batches import Examples, Inputs, Semantics, ordered_batches
from msftk.training.steps import forward
from msftk.types import ATTRIBUTES, Float64, RatingScale, Utterance

BATCH = 32


def predict_utterances(
    network: SerNetwork,
    utterances: Sequence[Utterance],
    prepared: Semantics,
    *,
    scale: RatingScale,
    seconds_kept: float,
    batch: int = BATCH,
    clip: bool = False,
    progress: ProgressCallback = silent,
) -> tuple[Predictions, dict[str, str]]:
    """Predicts utterances from scratch: reads audio, prepares it, and runs the network where it is.

    Args:
        network: as `load_model(run).network`.
        prepared: what `msftk.recipes.extract.extract` returned for these utterances.
        scale: the corpus scale that predictions come back on, as `load_model(run).scale`.
        seconds_kept: `settings.data.seconds_kept`.
        clip: cut predictions to the scale.
    Returns:
        Predictions in the order of `utterances`, without those that could not be read, and id -> message for these.
    """
    inputs = Inputs(prepared, seconds_kept)
    good, failures = inputs.readable(utterances, network.acoustic, progress)
    examples = Examples(good, inputs, network.acoustic, scale)
    return predict_examples(network, examples, scale, batch=batch, clip=clip, progress=progress), failures


def predict_examples(
    network: SerNetwork,
    examples: Examples,
    scale: RatingScale,
    *,
    batch: int = BATCH,
    clip: bool = False,
    progress: ProgressCallback = silent,
) -> Predictions:
    """Predictions of examples, in their order; the network is put into evaluation mode and back."""
    was_training = network.training
    network.eval()
    n, n_experts = len(examples), len(network.expert_names)
    outputs: dict[str, Float64] = {}
    contributions = np.full((n, n_experts, len(ATTRIBUTES)), np.nan)
    routing = np.full_like(contributions, np.nan)
    device = next(network.parameters()).device
    done = 0
    with torch.inference_mode():
        for rows in ordered_batches(examples.lengths, batch):
            said = forward(network, examples.batch(rows).to(device))
            for name, output in said.outputs.items():
                outputs.setdefault(name, np.full((n, len(ATTRIBUTES)), np.nan))[rows] = output.cpu().numpy()
            pi = said.routing.transpose(1, 2)  # [batch or 1, expert, attribute]
            routing[rows] = pi.cpu().numpy()
            contributions[rows] = (pi * said.experts["value"]).cpu().numpy()
            done += len(rows)
            progress(Progress("predicting", done, n))
    network.train(was_training)
    values = scale.from_unit(outputs.pop("value", np.empty((0, len(ATTRIBUTES)))))
    return Predictions(
        ids=tuple(u.id for u in examples.utterances),
        values=np.clip(values, scale.low, scale.high) if clip else values,
        scale=scale,
        expert_names=network.expert_names,
        contributions=contributions * (scale.high - scale.low),
        routing=routing,
        clipped=clip,
        extra=outputs,
    )
