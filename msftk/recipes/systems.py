"""Which runs are one system: the same settings and data, trained with several seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msftk.assignments import LISTS
from msftk.errors import InputError
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.protocol import resolved_entry
from msftk.files import json_text
from msftk.runs.begin import WITHOUT_EFFECT
from msftk.runs.folder import RunFolder
from msftk.settings import Component
from msftk.store.manifest import Manifest


class Kept(Protocol):
    """What is compared: a finished run, or what is read as one."""

    @property
    def path(self) -> Path: ...

    @property
    def kept_splits(self) -> Sequence[str]: ...

    def read_predictions(self, split: str) -> Predictions: ...
    def read_card(self) -> dict[str, Any]: ...
    def read_manifest(self) -> Manifest: ...


Systems = dict[str, list[RunFolder]]
Compared = Mapping[str, Sequence[Kept]]


def find_systems(places: Sequence[str | Path], named: Mapping[str, Sequence[str | Path]] | None = None) -> Systems:
    """Systems by name, in the order given.

    Args:
        places: finished runs, of which those that differ in nothing but the seed are one system; or folders of runs
            (a row of `msftk ablate`), each one system.
        named: name -> its runs or folder of runs, whatever their settings.
    Raises:
        InputError: a place is no finished run and holds none, or a name is there twice.
    """
    found: Systems = {}
    alike: dict[str, list[RunFolder]] = {}
    for place in map(Path, places):
        if runs := _inside(place):
            _add(found, str(place), runs)
        else:
            run = RunFolder(place)
            group = alike.setdefault(_but_for_the_seed(run.read_card()), [])
            group.append(run)
            if len(group) == 1:
                _add(found, str(place), group)  # the runs that join it later are in it too
    renamed = {_name(name, runs): runs for name, runs in found.items()}
    systems = renamed if len(renamed) == len(found) else found
    for name, own in (named or {}).items():
        _add(systems, name, [run for place in map(Path, own) for run in _inside(place) or [RunFolder(place)]])
    return systems


def systems_inside(folder: Path) -> dict[str, list[Path]]:
    """Systems among what a folder holds that is no run itself: finished runs, and folders of them, by short names.

    Empty where it holds no finished run.
    """
    if RunFolder(folder).settings_file.exists() or not folder.is_dir():
        return {}
    held = [place for place in sorted(folder.iterdir()) if RunFolder(place).is_finished or _inside(place)]
    found = find_systems(held) if held else {}
    return {name.removeprefix(f"{folder}/"): [run.path for run in runs] for name, runs in found.items()}


def _add(systems: Systems, name: str, runs: list[RunFolder]) -> None:
    if name in systems:
        raise InputError(f"{name}: named twice. Give each system once.")
    for run in runs:
        run.check_finished()
    systems[name] = runs


def _inside(place: Path) -> list[RunFolder]:
    """The finished runs that a folder which is no run itself holds."""
    if RunFolder(place).settings_file.exists() or not place.is_dir():
        return []
    runs = [RunFolder(path) for path in sorted(place.iterdir())]
    return [run for run in runs if run.is_finished]


def _but_for_the_seed(card: Mapping[str, Any]) -> str:
    """What two runs of one system have in common."""
    settings = {key: value for key, value in card["settings"].items() if key != "preset"}
    for path in (*WITHOUT_EFFECT, "training.seed"):
        section, _, option = path.partition(".")
        settings[section] = {name: value for name, value in settings[section].items() if name != option}
    settings |= {name: [_entry(kind, one) for one in settings.get(name, ())] for name, kind in LISTS.items()}
    return json_text([settings, card["manifest"], card["folds"] and card["folds"]["kind"]])


def _entry(kind: str, one: Any) -> Any:
    """An entry of a list with all its options: cards of before have the name where no option was given."""
    try:
        return resolved_entry(kind, Component.model_validate({"name": one} if isinstance(one, str) else one))
    except InputError:  # of a package that is not here
        return one


def _name(first: str, runs: Sequence[RunFolder]) -> str:
    """Of several runs the first one's name without the seed at its end: "runs/film-0" -> "runs/film"."""
    return (re.sub(r"[-_/.]?(seed)?[-_/.]?\d+$", "", first) or first) if len(runs) > 1 else first
