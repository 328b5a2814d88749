"""Predictions of a network on the corpus scale, for evaluation in training and for files a user brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from msftk.evaluation.predictions import OtherTarget, Predictions, by_attribute
from msftk.interfaces import HeadOutput
from msftk.models.answers import kind_of
from msftk.models.batch import Batch
from msftk.models.hearing import Hearing
from msftk.models.network import SerNetwork
from msftk.models.where import CPU, Where
from msftk.progress import Progress, ProgressCallback, silent
from msftk.runs.at_once import BATCH, batch_by_batch
from msftk.runs.inputs import Examples, Inputs
from msftk.store.columns import chosen, ids_of
from msftk.types import ATTRIBUTES, Float64, RatingScale, Utterance

ALL_SUBSETS_UP_TO = 4  # sources


def predict_utterances(
    network: SerNetwork,
    utterances: Sequence[Utterance],
    inputs: Inputs,
    *,
    scale: RatingScale,
    batch: int | None = None,
    clip: bool = False,
    by_sources: bool = False,
    hearing: Hearing | None = None,
    where: Where = CPU,
    progress: ProgressCallback = silent,
) -> tuple[Predictions, dict[str, str]]:
    """Predicts utterances from scratch: reads audio, prepares it, and runs the network.

    Args:
        network: as `load_model(run).network`.
        inputs: of these utterances; networks of the same settings may share them.
        scale: the corpus scale that predictions come back on, as `load_model(run).scale`.
        batch: utterances at once; None: as many as memory takes.
        clip: cut predictions to the scale.
        where: the device that the network is on.
        by_sources: also predict with each subset of the semantic sources switched on.
        hearing: where all utterances are one recording, which is heard once.
    Returns:
        Predictions in the order of `utterances`, without those that could not be read, and id -> message for these.
    """
    failures = inputs.read_all(utterances, network.acoustic, progress)
    good = chosen(utterances, [one not in failures for one in ids_of(utterances)])
    examples = Examples(good, inputs, network.acoustic, scale, network.targets)
    predictions = predict_examples(
        network,
        examples,
        scale,
        batch=batch,
        clip=clip,
        by_sources=by_sources,
        hearing=hearing,
        where=where,
        progress=progress,
    )
    return predictions, failures


def predict_examples(
    network: SerNetwork,
    examples: Examples,
    scale: RatingScale,
    *,
    batch: int | None = BATCH,
    clip: bool = False,
    by_sources: bool = False,
    hearing: Hearing | None = None,
    where: Where = CPU,
    progress: ProgressCallback = silent,
) -> Predictions:
    """Predictions of examples, in their order; the network is put into evaluation mode and back.

    With `by_sources` the fusion runs once for each subset of sources, on acoustics that are computed once.
    `batch`, `hearing`: as in `predict_utterances`.
    """
    was_training = network.training
    network.eval()
    n, ratings = len(examples), next(iter(network.targets))
    n_columns = len(network.targets[ratings].columns)
    outputs: dict[str, dict[str, Float64]] = {name: {} for name in network.targets}
    contributions = np.full((n, len(network.expert_names), n_columns), np.nan)
    routing = np.full_like(contributions, np.nan)
    subsets = source_subsets(network.sources) if by_sources else {}
    if not network.fusion.reads_acoustics:
        subsets.pop("none", None)  # neither sound nor meaning: nothing to predict from
    fewer = {name: np.full((n, n_columns), np.nan) for name in subsets}
    gates: dict[str, Float64] = {}

    def answer(read: Batch) -> _Said:
        with torch.inference_mode():
            return _answered(network, read.to(where.device), subsets, hearing, where)

    done = 0
    for rows, said in batch_by_batch(network, examples, answer, batch, apart=hearing is None, where=where):
        for target, own_outputs in said.outputs.items():
            for name, made in own_outputs.items():
                outputs[target].setdefault(name, np.full((n, made.shape[1]), np.nan))[rows] = made
        routing[rows] = said.routing
        if said.contributions is not None:
            contributions[rows] = said.contributions
        for source, shares in said.gates.items():
            gates.setdefault(source, np.full(n, np.nan))[rows] = shares
        for name, with_fewer in said.fewer.items():
            fewer[name][rows] = with_fewer
        done += len(rows)
        progress(Progress("predicting", done, n))
    network.train(was_training)

    def on_scale(values: Float64, kind: HeadOutput) -> Float64:
        return laid_on(scale, values, kind, clip=clip)

    scaled = {
        target: {name: on_scale(values, kind_of(network.heads[target], name)) for name, values in own.items()}
        for target, own in outputs.items()
    }
    columns = network.targets[ratings].columns
    own = {name: by_attribute(values, columns) for name, values in scaled.pop(ratings).items()}
    return Predictions(
        ids=examples.ids,
        values=own.pop("value", np.empty((0, len(ATTRIBUTES)))),
        scale=scale,
        expert_names=network.expert_names,
        contributions=by_attribute(contributions * (scale.high - scale.low), columns),
        routing=by_attribute(routing, columns),
        clipped=clip,
        extra=own,
        by_sources={n: by_attribute(on_scale(unit, HeadOutput("rating")), columns) for n, unit in fewer.items()},
        gates=gates,
        others={
            name: OtherTarget(network.targets[name].columns, values, network.targets[name].chosen.options)
            for name, values in scaled.items()
        },
    )


class _Said(NamedTuple):
    """What a network says of a batch, a row each; see `Predictions`."""

    outputs: dict[str, dict[str, Float64]]
    routing: Float64
    contributions: Float64 | None
    gates: dict[str, Float64]
    fewer: dict[str, Float64]


def _answered(
    network: SerNetwork, read: Batch, subsets: Mapping[str, tuple[str, ...]], hearing: Hearing | None, where: Where
) -> _Said:
    acoustics = hearing.listen(network, read, where) if hearing else network.listen(read, where)
    answers, ratings = network(read, acoustics).answers, next(iter(network.targets))
    pi = answers[ratings].routing.transpose(1, 2)  # [batch or 1, expert, attribute]
    experts = answers[ratings].experts  # none of a head that reads the mixed vector
    fewer = {
        name: network(read.with_only(sources), acoustics).answers[ratings].outputs["value"]
        for name, sources in subsets.items()
    }
    return _Said(
        {target: _plain(one.outputs) for target, one in answers.items()},
        pi.cpu().numpy(),
        (pi * experts["value"]).cpu().numpy() if experts else None,
        _plain(network.gates(read)),
        _plain(fewer),
    )


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Float64]:
    return {name: one.cpu().numpy() for name, one in tensors.items()}


def laid_on(scale: RatingScale, values: Float64, kind: HeadOutput, *, clip: bool = False) -> Float64:
    """An output of a head as it comes back: ratings on the corpus scale, deviations stretched to it, others as is."""
    if kind.scale == "deviation":
        return values * (scale.high - scale.low)
    if kind.scale == "none":
        return values
    rated = scale.from_unit(values)
    return np.clip(rated, scale.low, scale.high) if clip else rated


def source_subsets(sources: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Name -> sources that are switched on, fewest first: every subset of up to four sources.

    Of more sources, whose subsets are too many to read: none, each alone, all but each one, and all.
    """
    n = len(sources)
    sizes = range(n + 1) if n <= ALL_SUBSETS_UP_TO else (0, 1, n - 1, n)
    chosen = [subset for size in sizes for subset in combinations(sources, size)] if n else []
    return {",".join(subset) or "none": subset for subset in chosen}
