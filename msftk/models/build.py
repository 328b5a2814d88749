"""The SER network that settings describe: each part the plugin that they name, built in one fixed order."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from msftk.adaptation import acoustic_encoder
from msftk.errors import InputError
from msftk.interfaces import FusionSizes
from msftk.models.network import SerNetwork
from msftk.models.targets import BuiltTarget
from msftk.registry import registry
from msftk.settings import Settings


def build_network(
    settings: Settings,
    source_dims: Mapping[str, int],
    source_groups: Mapping[str, str],
    targets: Mapping[str, BuiltTarget],
    *,
    acoustic_config: str | None = None,
) -> SerNetwork:
    """Asks the registry for every part. The order is part of a run's numbers: weights are drawn as parts are built.

    Args:
        source_dims: source -> dim of its vector, in the order of `settings.semantics`.
        source_groups: source -> group; sources of one group are merged before the fusion.
        acoustic_config: what the acoustic encoder of a checkpoint, or of stored features, was built from; then nothing
            is downloaded.
    Raises:
        InputError: a fusion that reads sound with an encoder that gives none.
    """
    members = group_members(source_dims, source_groups)
    acoustic = acoustic_encoder(settings, acoustic_config)
    pooling = settings.create("pooling", dim=acoustic.dim) if acoustic.reads_sound and not acoustic.pools else None
    pooled_dim = pooling.pooled_dim if pooling is not None else acoustic.dim
    group_dims = {group: max(source_dims[s] for s in sources) for group, sources in members.items()}
    # vectors of one group must have one size to be merged; those of another size than the widest are projected
    projections = {
        source: nn.Linear(source_dims[source], group_dims[group])
        for group, sources in members.items()
        for source in sources
        if source_dims[source] != group_dims[group]
    }
    intra = {group: settings.create("intra", dim=group_dims[group], sources=own) for group, own in members.items()}
    n_routes = sum(one.n_routes for one in targets.values())
    sizes = FusionSizes(acoustic.dim, pooled_dim, group_dims, n_routes)
    fusion = settings.create("fusion", sizes=sizes)
    if fusion.reads_acoustics and not acoustic.reads_sound:
        raise InputError(
            f"fusion '{settings.fusion.name}' reads sound, and acoustic encoder '{settings.acoustic.name}' gives "
            "none. Take a fusion that reads no sound, or another acoustic encoder."
        )
    return SerNetwork(
        acoustic=acoustic,
        pooling=pooling,
        sources=tuple(source_dims),
        members=members,
        projections=projections,
        intra=intra,
        fusion=fusion,
        heads={name: _head(settings, one, fusion.out_dim) for name, one in targets.items()},
        targets=targets,
        source_dropout=settings.data.source_dropout,
        semantic_noise=settings.data.semantic_noise,
    )


def _head(settings: Settings, target: BuiltTarget, dim: int) -> nn.Module:
    """The head that the target names, else the one of the settings."""
    sizes = {"dim": dim, "attributes": target.columns}
    chosen = target.learned.head or settings.head
    head: nn.Module = registry().create("head", chosen.name, chosen.options, **sizes)
    return head


def group_members(source_dims: Mapping[str, int], source_groups: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Group -> its sources, both in the order in which sources are listed."""
    members: dict[str, tuple[str, ...]] = {}
    for source in source_dims:
        group = source_groups[source]
        members[group] = (*members.get(group, ()), source)
    return members
