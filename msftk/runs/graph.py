"""A trained network as one graph for ONNX: sound and semantic vectors in, what its heads say on the scale out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from msftk import __version__
from msftk.errors import InputError
from msftk.files import sha256_file
from msftk.interfaces import HeadOutput
from msftk.models.answers import kind_of
from msftk.models.batch import Batch
from msftk.models.to_onnx import to_onnx
from msftk.registry import registry
from msftk.runs.model import Model
from msftk.runs.model_card import (
    FORMAT_VERSION,
    LENGTHS,
    ModelCard,
    Output,
    PublishedOrigin,
    Semantics,
    Sound,
    weights_file,
)
from msftk.runs.prediction import laid_on
from msftk.settings import Component, Settings
from msftk.types import SAMPLE_RATE_HZ

SECONDS = (1.0, 0.7)  # of the sound that the graph is traced with
PREPARES = ("f0", "emphasis", "transcriber", "aligner", "describer", "text")  # sections of the settings


class Graph(nn.Module):
    """The network in evaluation, from sound (or from what a front end makes of it) to its heads' outputs, by name."""

    def __init__(self, model: Model, value: str | None = None) -> None:
        super().__init__()
        self.network = model.network.eval()
        if value is not None and not self.network.acoustic.column:
            raise InputError(f"--value {value}: this run's encoder did not learn by a column. Leave --value out.")
        self.network.acoustic = self.network.acoustic.in_graph(value)
        self.scale = model.scale
        self.reads_samples = not self.network.acoustic.prepares_with

    def forward(
        self,
        sound: Tensor,
        lengths: Tensor,
        vectors: Mapping[str, Tensor] | None = None,
        present: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """sound [batch, n, ...], lengths [batch], source -> vectors [batch, dim] and present [batch] bool."""
        if self.reads_samples:
            sound, lengths = self.network.acoustic.from_sound(sound, lengths)
        answers = self.network(Batch(sound, lengths, vectors or {}, present or {}, ids=())).answers
        said: dict[str, Any] = {one.name: answers[one.target].outputs[one.output] for one in self.outputs()}
        return {one.name: laid_on(self.scale, said[one.name], HeadOutput(one.on)) for one in self.outputs()}  # type: ignore[misc]

    def outputs(self) -> list[Output]:
        """V/A/D is "value"; another output of the head its name, and one of another target TARGET.OUTPUT."""
        ratings = next(iter(self.network.targets))
        return [
            Output(
                name=output if target == ratings else f"{target}.{output}",
                target=target,
                output=output,
                columns=self.network.targets[target].columns,
                on=kind_of(head, output).scale,
                options=dict(self.network.targets[target].chosen.options),
            )
            for target, head in self.network.heads.items()
            for output in cast(Any, head).outputs
        ]


class MeanOf(nn.Module):
    """The mean of what the graphs of a run's folds say."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        super().__init__()
        self.graphs = nn.ModuleList(graphs)

    def forward(self, sound: Tensor, lengths: Tensor, **semantics: Mapping[str, Tensor]) -> dict[str, Tensor]:
        said = [graph(sound, lengths, **semantics) for graph in self.graphs]
        return {name: torch.stack([one[name] for one in said]).mean(0) for name in said[0]}


def write_graph(models: Sequence[Model], path: Path, text_folder: Path, value: str | None = None) -> ModelCard:
    """Writes the ONNX file of what models of the same settings say in the mean, and into `text_folder` (both parents
    exist) what their text encoder is without torch.

    `value`: of the column that adapters learned by. Raises InputError where the encoder cannot be exported, or the
    models say different things; PackageMissingError without the extra "export".
    """
    model, graphs = models[0], [Graph(one, value) for one in models]
    graph, outputs = graphs[0], graphs[0].outputs()
    if other := next((one for one, own in zip(models, graphs, strict=True) if own.outputs() != outputs), None):
        raise InputError(
            f"{other.run}: says other things than {model.run} (its classes differ), so that one graph has no mean of "
            "both. Train with --refit for one model of all data, or give one fold: RUN/folds/NAME."
        )
    sources = [
        Semantics(source=one, group=model.source_groups[one], dim=dim, vector=one, present=f"{one}_present")
        for one, dim in model.source_dims.items()
    ]
    sound = _sound(model, graph)
    example, rows = _example(model, graph), {0: "batch"}
    free: dict[str, Any] = {"sound": {0: "batch", 1: "length"}, "lengths": rows}
    free |= {name: dict.fromkeys(example[name], rows) for name in example.keys() - free.keys()}
    opset = to_onnx(
        graph if len(graphs) == 1 else MeanOf(graphs),
        path,
        example,
        {name: free[name] for name in example},
        [sound.input, LENGTHS, *(one.vector for one in sources), *(one.present for one in sources)],
        [one.name for one in outputs],
    )
    texts = _text_encoder(model, text_folder)
    return ModelCard(
        format_version=FORMAT_VERSION,
        msftk=__version__,
        opset=opset,
        sha256=sha256_file(path),
        weights_sha256=sha256_file(weights) if (weights := weights_file(path)).is_file() else None,
        published=_origin(model),
        corpus=model.corpus,
        ratings=model.ratings,
        scale=(model.scale.low, model.scale.high),
        sound=sound,
        semantics=tuple(sources),
        outputs=tuple(outputs),
        text_folder=text_folder.name if texts else None,
        settings={**_what_prepares(model.settings), **({"text": texts} if texts else {})},
    )


def _sound(model: Model, graph: Graph) -> Sound:
    acoustic = graph.network.acoustic
    front_end = None
    if acoustic.prepares_with:
        known = registry().get("front-end", acoustic.prepares_with).load().Options.model_fields
        chosen = registry().options("acoustic-encoder", model.settings.acoustic.name, model.settings.acoustic.options)
        options = {name: value for name, value in chosen.model_dump().items() if name in known}
        front_end = Component(name=acoustic.prepares_with, **options)
    return Sound(
        input="samples" if graph.reads_samples else "features",
        sample_rate_hz=SAMPLE_RATE_HZ,
        seconds_kept=min(model.settings.data.seconds_kept, acoustic.longest_s),
        shortest_samples=acoustic.shortest_samples,
        front_end=front_end,
    )


def _example(model: Model, graph: Graph) -> dict[str, Any]:
    """Noise of two lengths, with everything there for the one and nothing for the other."""
    noise = np.random.default_rng(0)
    waveforms = [noise.normal(0, 0.1, round(s * SAMPLE_RATE_HZ)).astype(np.float32) for s in SECONDS]
    acoustic = graph.network.acoustic
    if graph.reads_samples:
        prepared = [torch.from_numpy(one) for one in waveforms]
    else:
        prepared = [torch.as_tensor(acoustic.prepare(one, np.full(1 + len(one) // 80, 120.0))) for one in waveforms]
    example = {
        "sound": nn.utils.rnn.pad_sequence(prepared, batch_first=True),
        "lengths": torch.tensor([len(one) for one in prepared]),
    }
    if not model.source_dims:
        return example
    return {
        **example,
        "vectors": {source: torch.randn(len(SECONDS), dim) for source, dim in model.source_dims.items()},
        # a tensor each: of one that stands twice, the graph would have one input
        "present": {source: torch.tensor([True, False]) for source in model.source_dims},
    }


def _text_encoder(model: Model, folder: Path) -> dict[str, Any] | None:
    """What encodes texts without torch, written into `folder`; None where that is the run's own, or there is none."""
    if all(registry().create("semantic-source", one).makes_vectors for one in model.source_dims):
        return None
    encoder = model.settings.create("text")
    if not encoder.needs_torch:
        return None
    folder.mkdir()
    written = encoder.write_without_torch(folder)
    return None if written is None else dict(written)


def _origin(model: Model) -> PublishedOrigin | None:
    found = model.published
    if found is None:
        return None
    known = found.checkpoint
    return PublishedOrigin(
        name=known.name if known else found.folder.resolve().name,
        id=known.id if known else None,
        licence=found.licence,
        shortest_s=found.shortest_s,
        weights=found.identity(),
    )


def _what_prepares(settings: Settings) -> dict[str, Any]:
    """The settings without what is in the graph: the encoder, the parts behind it, the training."""
    kept = settings.model_dump(mode="json", include={"semantics", "alignment", "data", *PREPARES})
    return {**kept, "acoustic": {"name": "none"}}
