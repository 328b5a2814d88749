"""A published model, by name, hub id or folder: found, and its layout recognised; no torch is loaded for that."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.files import read_json_object, sha256_file
from msftk.hub import MODEL_ID, snapshot
from msftk.interfaces import Checkpoint, ModelLayout
from msftk.registry import Plugin, registry
from msftk.runs.folder import PICKLES, RunFolder
from msftk.runs.tensors import WEIGHTS, Tensors, weight_files
from msftk.types import SAMPLE_RATE_HZ

READ = (WEIGHTS, "*.json")
EXTRACTOR = ("do_normalize", "sampling_rate")  # what preprocessor_config.json adds to config.json
CONVERT = (
    'python -c "import sys, torch, safetensors.torch as s; s.save_file({k: v.contiguous().clone() '
    'for f in sys.argv[2:] for k, v in torch.load(f, weights_only=True).items()}, sys.argv[1])"'
)


@dataclass(frozen=True, eq=False)
class Published:
    """A published model that was found: the name it was asked for by, its folder, and the layout that reads it.

    `checkpoint`: the named model that it is; None of a folder, or of an id that has no name here.
    """

    name: str
    folder: Path
    plugin: Plugin
    layout: ModelLayout
    checkpoint: Checkpoint | None
    config: Mapping[str, Any]

    @property
    def licence(self) -> str:
        """What its publisher asks for; whoever uses it judges."""
        if self.checkpoint is not None:
            return self.checkpoint.licence
        return f"{self.layout.checkpoints[0].licence} (as {self.layout.checkpoints[0].id} is published; see its own)"

    @property
    def shortest_s(self) -> float:
        """The shortest sound that it heard in training."""
        return self.layout.heard_s[0]

    def identity(self) -> dict[str, str]:
        """The weights by the hash of their files, which are read once for it."""
        return dict(self._identity)

    @cached_property
    def _identity(self) -> dict[str, str]:
        return {path.name: f"sha256:{sha256_file(path)}" for path in weight_files(self.folder)}


def checkpoints() -> Iterator[tuple[Plugin, type[ModelLayout], Checkpoint]]:
    """Every model that has a name, with its layout."""
    for plugin in registry().plugins("model"):
        layout = plugin.load()
        for checkpoint in layout.checkpoints:
            yield plugin, layout, checkpoint


def find_published(name: str, options: Mapping[str, object] | None = None) -> Published:
    """The model of that name, hub id or folder; it is fetched where the caller consents. `options` are its layout's.

    Raises:
        UnknownNameError: no such name, id or folder; no such option.
        InputError: a folder without weights or with pickles alone, of another kind, or a run; a model that is not here
            and cannot be fetched.
    """
    known = {checkpoint.name: checkpoint for _, _, checkpoint in checkpoints()}
    named = next((one for one in known.values() if name in (one.name, one.id)), None)
    if named is None and not Path(name).is_dir() and not MODEL_ID.fullmatch(name):
        raise UnknownNameError(
            f"unknown model '{name}'. {did_you_mean(name, known)}Known: {', '.join(known)}; or give a folder, or a "
            "model's id on the hub (owner/name)."
        )
    folder = (
        Path(name) if named is None and Path(name).is_dir() else snapshot(named.id if named else name, READ, [WEIGHTS])
    )
    _check_folder(folder)
    config = _config_of(folder)
    if config.get("sampling_rate", SAMPLE_RATE_HZ) != SAMPLE_RATE_HZ:
        raise InputError(
            f"{folder}: a model of sound at {config['sampling_rate']} Hz (sampling_rate), and msftk's "
            f"hear {SAMPLE_RATE_HZ}. Take one of those."
        )
    if recognised := _layout_of(folder, config):
        plugin, layout = recognised
        chosen = registry().create("model", plugin.name, options) if options else layout
        return Published(name, folder, plugin, chosen, named, config)
    raise InputError(f"{folder}: {_what_it_is(folder, config)} Known layouts: {', '.join(registry().names('model'))}.")


def is_published(name: str) -> bool:
    """Whether `name` is that of a published model that is known here, its hub id, or a folder of a known layout."""
    if any(name in (one.name, one.id) for _, _, one in checkpoints()):
        return True
    folder = Path(name)
    if not any(folder.glob(WEIGHTS)):
        return False
    try:
        return _layout_of(folder, _config_of(folder)) is not None
    except InputError:  # whoever reads it tells what is wrong with it
        return False


def _config_of(folder: Path) -> dict[str, Any]:
    """config.json, with what it leaves to preprocessor_config.json; empty where there is none."""
    extractor, config = (
        read_json_object(folder / name, "Put back the file that it was published with.")
        if (folder / name).is_file()
        else {}
        for name in ("preprocessor_config.json", "config.json")
    )
    return {**{key: extractor[key] for key in EXTRACTOR if key in extractor}, **config}


def _layout_of(folder: Path, config: Mapping[str, Any]) -> tuple[Plugin, ModelLayout] | None:
    with Tensors(folder) as weights:
        shapes = weights.shapes()
    for plugin, _ in registry().loaded("model"):
        layout: ModelLayout = registry().create("model", plugin.name)
        if layout.recognises(config, shapes):
            return plugin, layout
    return None


def _check_folder(folder: Path) -> None:
    if RunFolder(folder).settings_file.is_file():
        raise InputError(f"{folder}: a run of msftk, not a published model. Give it as RUN, without --model.")
    if any(folder.glob(WEIGHTS)):
        return
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if pickles:
        weights = [name for name in pickles if name.startswith("pytorch_model")] or pickles[:1]  # else of a trainer
        files = shlex.join(str(folder / name) for name in ("model.safetensors", *weights))
        raise InputError(
            f"{folder}: weights only as a pickle ({', '.join(pickles)}), which can run code when it is read; it is not "
            f"opened. Convert it once: {CONVERT} {files}"
        )
    raise InputError(f"{folder}: no weights there, expected model.safetensors. Give the folder of a published model.")


def _what_it_is(folder: Path, config: Mapping[str, Any]) -> str:
    """What a folder that no layout reads looks like, and what can be done with it."""
    kind, made = config.get("model_type"), ", ".join(map(str, config.get("architectures") or ()))
    labels = config.get("id2label")
    if isinstance(labels, Mapping) and made:
        return f"it looks like {made} with outputs {', '.join(map(str, labels.values()))}, which no layout here reads."
    if kind:
        return (
            f"it looks like a bare encoder of type {kind}{f' ({made})' if made else ''}. Train on it: "
            f"--set acoustic.name=hf --set acoustic.model={folder}."
        )
    if not (folder / "config.json").is_file():
        return "it has no config.json, and its tensors alone are of no layout that is known here."
    return "its config.json and its tensors are of no layout that is known here."
