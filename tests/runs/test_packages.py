from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.runs.folder import RunFolder
from msftk.runs.model import load_model


def test_a_run_whose_plugin_is_not_installed_names_it_and_its_package(tiny_run: Path, tmp_path: Path) -> None:
    run = RunFolder(shutil.copytree(tiny_run, tmp_path / "run"))
    run.settings_file.write_text(run.settings_file.read_text().replace('name = "fm-moe"', 'name = "low-rank"'))
    card = json.loads(run.card_file.read_text())
    card["packages"]["fusion"] = "msftk-low-rank 0.3"
    run.card_file.write_text(json.dumps(card))
    with pytest.raises(InputError, match=r"was trained with fusion 'low-rank' of package msftk-low-rank 0\.3, which"):
        load_model(run.path)
    run.card_file.write_text("{}")
    with pytest.raises(InputError, match="unknown fusion 'low-rank'"):
        run.read_settings()
