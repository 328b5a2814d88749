"""A trained network in a run folder: its weights with what is needed to rebuild it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msftk.errors import InputError
from msftk.models.build import build_network
from msftk.models.network import SerNetwork
from msftk.models.own import own_state
from msftk.models.targets import rebuilt_targets
from msftk.models.where import CPU, Where
from msftk.runs.folder import ANEW, RunFolder
from msftk.runs.weights import load_weights, read_tensors, write_tensors
from msftk.settings import Settings
from msftk.types import ATTRIBUTES, RatingScale

if TYPE_CHECKING:
    from msftk.runs.published import Published

_Written = tuple[RatingScale, dict[str, int], dict[str, str], dict[str, list[str]]]


@dataclass(frozen=True)
class Model:
    """A trained network with what prediction needs beside it, rebuilt from a run folder."""

    run: Path
    network: SerNetwork
    settings: Settings
    scale: RatingScale
    source_dims: dict[str, int]
    source_groups: dict[str, str]
    corpus: str
    ratings: str  # a warning such as "planted on synthetic speech", or ""
    where: Where = CPU
    published: Published | None = None  # where it is no run, but others' model

    def on(self, where: Where) -> Model:
        """The same, its network moved to `where`'s device."""
        self.network.to(where.device)
        return replace(self, where=where)


def save_model(
    run: RunFolder,
    network: SerNetwork,
    *,
    scale: RatingScale,
    source_dims: Mapping[str, int],
    source_groups: Mapping[str, str],
    corpus: str,
    ratings: str,
) -> None:
    """Writes weights and buffers (so the fitted normalisation too), and in the metadata what they belong to."""
    about = {
        "targets": {name: one.columns for name, one in network.targets.items()},
        "scale": [scale.low, scale.high],
        "source_dims": dict(source_dims),
        "source_groups": dict(source_groups),
        "acoustic_config": network.acoustic_config,
        "corpus": corpus,
        "ratings": ratings,
    }
    write_tensors(run.model_file, own_state(network), about)


def load_model(run: Path, where: Where = CPU) -> Model:
    """Rebuilds the network of a finished run (or of one fold of it) in evaluation mode, on `where`'s device.

    Raises:
        InputError: no run, an unfinished run, a run of folds, a pickle, weights that do not fit the settings.
        VersionError: settings or weights of another format version.
    """
    folder = RunFolder(run)
    folder.check_finished()
    _check_has_model(folder)
    settings = folder.read_settings()
    about, weights = read_tensors(folder.model_file)
    scale, dims, groups, targets = _written(folder, about)
    network = build_network(
        settings, dims, groups, rebuilt_targets(targets, settings.targets), acoustic_config=about.get("acoustic_config")
    )
    load_weights(network, weights, folder.model_file)
    network.to(where.device).eval()
    return Model(run, network, settings, scale, dims, groups, about["corpus"], about["ratings"], where)


def load_models(run: Path, where: Where = CPU) -> tuple[Model, ...]:
    """The models that predict for a finished run: its own, or of a run of folds the refitted one, else every fold's.

    Raises as `load_model`; an unfinished fold is an unfinished run.
    """
    folder = RunFolder(run)
    folder.check_finished()
    if folder.refit.is_finished:
        return (load_model(folder.refit.path, where),)
    if folder.model_file.is_file() or not folder.folds:
        return (load_model(run, where),)
    names = folder.read_card()["folds"]["names"]
    return tuple(load_model(folder.fold(name).path, where) for name in names)


def _check_has_model(folder: RunFolder) -> None:
    if folder.model_file.is_file():
        return
    if folds := folder.folds:
        raise InputError(
            f"{folder.path}: a run of folds, each with its own model. "
            f"Give one of them: {folder.path}/folds/NAME ({', '.join(folds)})."
        )
    folder.refuse_pickles()
    raise InputError(f"{folder.path}: no {folder.model_file.name}. {ANEW}")


def _written(folder: RunFolder, about: Mapping[str, Any]) -> _Written:
    """What the metadata tells; InputError where something of it is not there or odd."""
    try:
        sizes = {str(source): int(dim) for source, dim in about["source_dims"].items()}
        groups = {str(source): str(about["source_groups"][source]) for source in sizes}
        scale = RatingScale(*(float(bound) for bound in about["scale"]))
        # runs of before predict valence, arousal and dominance alone
        targets = {str(name): [str(c) for c in own] for name, own in about.get("targets", {"vad": ATTRIBUTES}).items()}
        if not isinstance(about["corpus"], str) or not isinstance(about["ratings"], str):
            raise TypeError("corpus and ratings are no texts")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{folder.model_file}: its metadata is not msftk's ({error}). {ANEW}") from error
    return scale, sizes, groups, targets
