from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.recipes.systems import find_systems


def run_of(source: Path, place: Path, **settings: dict[str, object]) -> Path:
    """A copy of a run whose card says that it was trained with other settings."""
    shutil.copytree(source, place)
    card = json.loads((place / "protocol.json").read_text())
    for section, options in settings.items():
        card["settings"][section] |= options
    (place / "protocol.json").write_text(json.dumps(card))
    return place


def test_runs_that_differ_in_the_seed_alone_are_one_system(tiny_run: Path, tmp_path: Path) -> None:
    places = [run_of(tiny_run, tmp_path / f"moe-{seed}", training={"seed": seed}) for seed in range(2)]
    other = run_of(tiny_run, tmp_path / "film", fusion={"name": "film"})
    watched = run_of(tiny_run, tmp_path / "watched", training={"seed": 2, "save_minutes": 1.0})  # has no say
    found = find_systems([places[0], other, places[1], watched])
    assert {name: [run.path.name for run in runs] for name, runs in found.items()} == {
        str(tmp_path / "moe"): ["moe-0", "moe-1", "watched"],
        str(other): ["film"],
    }


def test_a_card_that_names_its_targets_is_of_the_same_system_as_one_with_their_options(
    tiny_run: Path, tmp_path: Path
) -> None:
    kept = run_of(tiny_run, tmp_path / "moe-0")
    card = json.loads((kept / "protocol.json").read_text())
    assert card["settings"]["targets"] == [{"name": "vad", "weight": 1.0}]
    card["settings"] |= {"targets": ["vad"]}
    (kept / "protocol.json").write_text(json.dumps(card))
    assert len(find_systems([kept, run_of(tiny_run, tmp_path / "moe-1", training={"seed": 1})])) == 1
    card["settings"] |= {"targets": [{"name": "vad", "weight": 0.5}]}
    (kept / "protocol.json").write_text(json.dumps(card))
    assert len(find_systems([kept, tmp_path / "moe-1"])) == 2


def test_a_folder_of_runs_and_a_name_are_systems_whatever_their_settings(tiny_run: Path, tmp_path: Path) -> None:
    for seed in range(2):
        run_of(tiny_run, tmp_path / "row" / f"seed-{seed}", training={"seed": seed})
    found = find_systems([tmp_path / "row"], {"mine": [tiny_run, tmp_path / "row" / "seed-0"]})
    assert {name: len(runs) for name, runs in found.items()} == {str(tmp_path / "row"): 2, "mine": 2}


def test_what_is_no_run_or_named_twice_is_told(tiny_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such run folder"):
        find_systems([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="not a run folder"):
        find_systems([tmp_path / "empty"])
    with pytest.raises(InputError, match="named twice"):
        find_systems([tiny_run], {str(tiny_run): [tiny_run]})
