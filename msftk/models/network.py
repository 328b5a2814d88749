"""The SER network: acoustic frames and semantic vectors -> valence, arousal, dominance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from msftk.errors import InputError
from msftk.interfaces import Acoustics, FusionSizes, SemanticGroup
from msftk.models.batch import Batch
from msftk.models.where import CPU, Where
from msftk.settings import Settings
from msftk.types import ATTRIBUTES


@dataclass(frozen=True)
class NetworkOutput:
    """What the network says of a batch, with the parts it is made of.

    `outputs` name -> [batch, attribute], attributes as in ATTRIBUTES, "value" on the unit scale; `experts` the same
    before mixing, name -> [batch, expert, attribute]; `routing` [batch or 1, attribute, expert]; `features` are the
    vectors on the way: "pooled" [batch, pooled_dim], "fused" [batch, expert, dim], and one a semantic group.
    """

    outputs: dict[str, Tensor]
    experts: dict[str, Tensor]
    routing: Tensor
    features: dict[str, Tensor]


class SerNetwork(nn.Module):
    """Encoder, pooling, intra-modal fusion, fusion and head, each the plugin that `settings` names.

    Args:
        source_dims: source -> dim of its vector, in the order of `settings.semantics`.
        source_groups: source -> group; sources of one group are merged before the fusion.
        acoustic_config: `acoustic_config` of the network that a checkpoint was made from; then the acoustic encoder is
            built from it and downloads nothing.
    """

    def __init__(
        self,
        settings: Settings,
        source_dims: Mapping[str, int],
        source_groups: Mapping[str, str],
        *,
        acoustic_config: str | None = None,
    ) -> None:
        super().__init__()
        self.source_dropout = settings.data.source_dropout
        self.semantic_noise = settings.data.semantic_noise
        self.sources = tuple(source_dims)
        self.members = group_members(source_dims, source_groups)
        self.acoustic = settings.create("acoustic", **({} if acoustic_config is None else {"config": acoustic_config}))
        self.hears = self.acoustic.dim > 0
        self.pooling = settings.create("pooling", dim=self.acoustic.dim) if self.hears else _pool_nothing
        group_dims = {group: max(source_dims[s] for s in sources) for group, sources in self.members.items()}
        # vectors of one group must have one size to be merged; those of another size than the widest are projected
        self.projections = nn.ModuleDict(
            {
                source: nn.Linear(source_dims[source], group_dims[group])
                for group, sources in self.members.items()
                for source in sources
                if source_dims[source] != group_dims[group]
            }
        )
        self.intra = nn.ModuleDict(
            {
                group: settings.create("intra", dim=group_dims[group], sources=sources)
                for group, sources in self.members.items()
            }
        )
        pooled_dim = self.pooling.pooled_dim if self.hears else 0
        sizes = FusionSizes(self.acoustic.dim, pooled_dim, group_dims, len(ATTRIBUTES))
        self.fusion = settings.create("fusion", sizes=sizes)
        if not self.hears and self.fusion.reads_acoustics:
            raise InputError(
                f"fusion '{settings.fusion.name}' reads sound, and acoustic encoder '{settings.acoustic.name}' gives "
                "none. Take a fusion that reads no sound, or another acoustic encoder."
            )
        self.head = settings.create("head", dim=self.fusion.out_dim, attributes=ATTRIBUTES)

    @property
    def expert_names(self) -> tuple[str, ...]:
        names: tuple[str, ...] = self.fusion.expert_names
        return names

    @property
    def acoustic_config(self) -> str | None:
        """What a checkpoint keeps beside settings and weights: with it no pretrained model is read again."""
        config: str | None = self.acoustic.config_json()
        return config

    def pretrained_parameters(self) -> Iterable[Any]:
        """The trainable parameters that do not start from scratch."""
        return self.acoustic.pretrained_parameters()

    def listen(self, batch: Batch, where: Where = CPU) -> Acoustics:
        """The acoustic side of a batch, which no semantic source changes; frames leave autocast in float32."""
        with where.encoding():
            frames, valid = self.acoustic(batch.inputs, batch.lengths)  # [batch, time, dim], [batch, time]
        return Acoustics(frames if frames.dtype == torch.float64 else frames.float(), valid, self.pooling)

    def forward(self, batch: Batch, acoustics: Acoustics | None = None) -> NetworkOutput:
        """`acoustics`: what `listen` gave of this batch, where the caller has it."""
        acoustics = acoustics or self.listen(batch)
        groups = self._groups(batch)
        fused = self.fusion(acoustics, groups)
        experts = dict(self.head(fused.experts))
        return NetworkOutput(
            outputs={name: mix(values, fused.routing) for name, values in experts.items()},
            experts=experts,
            routing=fused.routing,
            features={
                "pooled": acoustics.pooled,
                "fused": fused.experts,
                **{name: group.vector for name, group in groups.items()},
            },
        )

    def _groups(self, batch: Batch) -> dict[str, SemanticGroup]:
        """Each group's merged vector; an absent source is not read at all."""
        groups = {}
        for name, sources in self.members.items():
            present = torch.stack([self._seen(batch.present[source]) for source in sources], dim=1)  # [batch, n]
            vectors = [
                self._scaled(source, batch.vectors[source].masked_fill(~present[:, [place]], 0.0))
                for place, source in enumerate(sources)
            ]
            merged = self.intra[name](torch.stack(vectors, dim=1), present)
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


def _pool_nothing(frames: Tensor, valid: Tensor) -> Tensor:
    """[batch, time, 0] -> [batch, 0]: there is no sound to pool."""
    return frames[:, 0]


def mix(values: Tensor, routing: Tensor) -> Tensor:
    """Eq. 7: values [batch, expert, attribute], routing [batch or 1, attribute, expert] -> [batch, attribute]."""
    return (values * routing.transpose(1, 2)).sum(dim=1)


def group_members(source_dims: Mapping[str, int], source_groups: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Group -> its sources, both in the order in which sources are listed."""
    members: dict[str, tuple[str, ...]] = {}
    for source in source_dims:
        group = source_groups[source]
        members[group] = (*members.get(group, ()), source)
    return members
