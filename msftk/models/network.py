"""The SER network: acoustic frames and semantic vectors -> valence, arousal, dominance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from msftk.interfaces import Acoustics, SemanticGroup
from msftk.models.answers import Answer, answer, route
from msftk.models.batch import Batch
from msftk.models.gate import Gate
from msftk.models.targets import BuiltTarget
from msftk.models.where import CPU, Where


@dataclass(frozen=True)
class NetworkOutput:
    """What the network says of a batch: an answer a target, and the vectors on the way.

    `features`: "pooled" [batch, pooled_dim], "fused" [batch, expert, dim], and one a semantic group.
    """

    answers: dict[str, Answer]
    features: dict[str, Tensor]


class SerNetwork(nn.Module):
    """Encoder, pooling, intra-modal fusion, fusion, and a head a target; `msftk.models.build` makes it from settings.

    Args:
        acoustic, pooling, fusion: the parts; `pooling` is None for an encoder that gives one frame.
        sources: semantic sources, in the order in which they are reported.
        members: semantic group -> its sources, which are merged before the fusion by `intra[group]`.
        projections: source -> what brings its vector to its group's size, where it has another.
        heads: target -> head. Routes of the fusion are handed out in this order.
        targets: target -> what it is and the names of its columns.
        source_dropout, semantic_noise: see `msftk.settings.Data`.
    """

    def __init__(
        self,
        *,
        acoustic: Any,
        pooling: Any,
        sources: Sequence[str],
        members: Mapping[str, tuple[str, ...]],
        projections: Mapping[str, nn.Module],
        intra: Mapping[str, nn.Module],
        fusion: Any,
        heads: Mapping[str, nn.Module],
        targets: Mapping[str, BuiltTarget],
        source_dropout: float = 0.0,
        semantic_noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.source_dropout = source_dropout
        self.semantic_noise = semantic_noise
        self.members = dict(members)
        self.sources = tuple(sources)
        self.acoustic = acoustic
        self.pooling = pooling if pooling is not None else _the_frame
        self.projections = nn.ModuleDict(projections)
        self.intra = nn.ModuleDict(intra)
        self.fusion = fusion
        self.heads = nn.ModuleDict(heads)
        self.targets = dict(targets)

    @property
    def expert_names(self) -> tuple[str, ...]:
        names: tuple[str, ...] = self.fusion.expert_names
        return names

    @property
    def acoustic_config(self) -> str | None:
        """What a checkpoint keeps beside settings and weights: with it no pretrained model is read again."""
        config: str | None = self.acoustic.config_json()
        return config

    @property
    def parts(self) -> dict[str, Any]:
        """Each part by its place in the network, for what `msftk.models.own` asks of it."""
        pooling = {"pooling": self.pooling} if isinstance(self.pooling, nn.Module) else {}
        intra = {f"intra.{group}": part for group, part in self.intra.items()}
        heads = {f"heads.{name}": head for name, head in self.heads.items()}
        return {"acoustic": self.acoustic, **pooling, **intra, "fusion": self.fusion, **heads}

    def listen(self, batch: Batch, where: Where = CPU) -> Acoustics:
        """The acoustic side of a batch, which no semantic source changes; frames leave autocast in float32."""
        with where.encoding():
            values = (batch.values,) if self.acoustic.column else ()
            frames, valid = self.acoustic(batch.inputs, batch.lengths, *values)  # [batch, time, dim], [batch, time]
        return Acoustics(frames if frames.dtype == torch.float64 else frames.float(), valid, self.pooling)

    def forward(self, batch: Batch, acoustics: Acoustics | None = None) -> NetworkOutput:
        """`acoustics`: what `listen` gave of this batch, where the caller has it."""
        acoustics = acoustics or self.listen(batch)
        groups = self._groups(batch)
        fused = self.fusion(acoustics, groups)
        answers, first = {}, 0
        for name, head in self.heads.items():
            n_routes = self.targets[name].n_routes
            answers[name] = answer(head, fused.experts, route(fused.routing, first, n_routes))
            first += n_routes
        vectors = {name: group.vector for name, group in groups.items()}
        return NetworkOutput(answers, {"pooled": acoustics.pooled, "fused": fused.experts, **vectors})

    def gates(self, batch: Batch) -> dict[str, Tensor]:
        """Source -> its weight [batch] in the vector of its group, NaN where absent; of groups of several sources."""
        shares = {}
        for name, sources in self.members.items():
            gate = self.intra[name]
            if isinstance(gate, Gate) and len(sources) > 1:
                told = gate.shares(*self._vectors(batch, sources))
                for place, source in enumerate(sources):
                    shares[source] = told[:, place].masked_fill(~batch.present[source], float("nan"))
        return shares

    def _vectors(self, batch: Batch, sources: Sequence[str]) -> tuple[Tensor, Tensor]:
        """The sources of one group [batch, n, dim], and which are present [batch, n]."""
        present = torch.stack([self._seen(batch.present[source]) for source in sources], dim=1)
        vectors = [
            self._scaled(source, batch.vectors[source].masked_fill(~present[:, [place]], 0.0))
            for place, source in enumerate(sources)
        ]
        return torch.stack(vectors, dim=1), present

    def _groups(self, batch: Batch) -> dict[str, SemanticGroup]:
        """Each group's merged vector; an absent source is not read at all."""
        groups = {}
        for name, sources in self.members.items():
            vectors, present = self._vectors(batch, sources)
            merged = self.intra[name](vectors, present)
            here = present.any(dim=1)
            groups[name] = SemanticGroup(merged.masked_fill(~here.unsqueeze(-1), 0.0), here)
        return groups

    def _scaled(self, source: str, vector: Tensor) -> Tensor:
        """Each vector to mean 0 and variance 1, in training with noise, then to its group's size.

        A normalised sentence embedding has entries near 0.05: read as they are, they could not move the gate (Eq. 4) in
        the few hundred steps that a small corpus gives. Without noise a small corpus is learned by heart: some hundred
        transcripts are told apart by a few dimensions. Gaussian noise acts as a ridge penalty (Bishop 1995).
        """
        vector = layer_norm(vector, vector.shape[-1:])
        if self.training and self.semantic_noise > 0:
            vector = vector + self.semantic_noise * torch.randn_like(vector)
        return self.projections[source](vector) if source in self.projections else vector

    def _seen(self, present: Tensor) -> Tensor:
        """Source dropout: in training a share of the present sources is hidden, so that prediction may lack them."""
        if not self.training or self.source_dropout == 0:
            return present
        return present & (torch.rand(present.shape, device=present.device) >= self.source_dropout)


def _the_frame(frames: Tensor, valid: Tensor) -> Tensor:
    """[batch, 1, dim] -> [batch, dim]: there is nothing to pool."""
    return frames[:, 0]
