"""A published model rebuilt of msftk's own parts, as a run's model is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import torch

from msftk.counting import counted
from msftk.errors import InputError
from msftk.interfaces import Imported
from msftk.models.build import build_network
from msftk.models.network import SerNetwork
from msftk.models.own import load_own_state
from msftk.models.targets import rebuilt_targets
from msftk.models.where import CPU, Where
from msftk.runs.model import Model
from msftk.runs.published import Published, find_published
from msftk.runs.tensors import Tensors
from msftk.settings import Settings, load_settings


def read_published(name: str, options: Mapping[str, object] | None = None) -> tuple[Published, Imported]:
    """The model of that name, hub id or folder, and what its layout makes of it.

    Raises as `find_published`; InputError where tensors are missing or not finite.
    """
    found = find_published(name, options)
    told = f"{found.folder}: of layout {found.plugin.name}"
    with Tensors(found.folder) as tensors:
        try:
            imported = found.layout.read(found.config, tensors, name)
        except InputError as error:
            raise InputError(f"{told}, but {error}") from error
        except KeyError as error:
            raise InputError(f"{told}, but without the tensor {error}. Fetch it anew.") from error
    broken = [name for name, tensor in imported.tensors.items() if not _is_finite(tensor)]
    if broken:
        raise InputError(f"{told}, with {counted(len(broken), 'tensor')} not finite, first {broken[0]}. Fetch it anew.")
    return found, imported


def load_published(name: str, where: Where = CPU, options: Mapping[str, object] | None = None) -> Model:
    """The model of that name, hub id or folder, as `load_model` gives a run's, in evaluation mode on `where`'s device.

    Raises as `read_published`; InputError where its tensors do not fit its own sizes.
    """
    found, imported = read_published(name, options)
    try:
        settings, network = rebuilt(imported, found.layout.heard_s[1])
    except RuntimeError as error:
        problem = textwrap.shorten(str(error).strip().splitlines()[-1], 240, placeholder=" ...")
        raise InputError(
            f"{found.folder}: of layout {found.plugin.name}, but its weights do not fit ({problem}). Fetch it anew, or "
            "it is a variant that is not known here."
        ) from error
    network.to(where.device)
    return Model(
        run=found.folder,
        network=network,
        settings=settings,
        scale=found.layout.scale,
        source_dims={},
        source_groups={},
        corpus=found.layout.corpus,
        ratings="",
        where=where,
        published=found,
    )


def rebuilt(imported: Imported, longest_s: float) -> tuple[Settings, SerNetwork]:
    """The network of what a layout read, and the settings that describe it; it hears `longest_s` at once.

    Raises RuntimeError, as torch does, where tensors do not fit it.
    """
    chosen = {"fusion": {"name": "none"}, **imported.sections, "data": {"seconds_kept": longest_s}}
    flags = {f"{section}.{name}": value for section, own in chosen.items() for name, value in own.items()}
    settings = load_settings("tiny", flags={**flags, "semantics": ()}, environment={})
    targets = rebuilt_targets({settings.targets[0].name: imported.attributes})
    with torch.random.fork_rng(devices=[]):
        network = build_network(settings, {}, {}, targets, acoustic_config=imported.acoustic_config)
    load_own_state(network, imported.tensors)
    return settings, network.eval()


def _is_finite(tensor: torch.Tensor) -> bool:
    """A sum is finite where all terms are, but for an overflow, and is found in a tenth of the time."""
    tensor = tensor.float()  # half a precision overflows, and some have no sum
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())
