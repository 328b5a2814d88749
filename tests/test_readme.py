"""What the README shows is true: its plugin keeps its contract, its table names every plugin."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from msftk import testing
from msftk.recipes.new_plugin import new_plugin
from msftk.registry import registry

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def test_the_plugin_of_the_readme_is_the_one_that_is_written(tmp_path: Path) -> None:
    package = new_plugin("mean", "fusion", tmp_path).folder / "msftk_mean"  # its own test runs in test_new_plugin
    for name in ("mean.py", "hooks.py"):
        assert (package / name).read_text(encoding="utf-8") in blocks(README, "python")


def test_the_emphasis_rule_of_the_pages_keeps_its_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (of_readme,) = [block for block in blocks(README, "python") if "@FeatureRule" in block]
    rules = (CHECKOUT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert of_readme in rules
    (tmp_path / "my_rules.py").write_text(of_readme, encoding="utf-8")  # Numba wants a file
    monkeypatch.syspath_prepend(tmp_path)
    testing.check_emphasis(importlib.import_module("my_rules").loud_and_long)


def test_the_table_names_every_plugin() -> None:
    table = README[README.index("| kind | shipped |") :].partition("\n\n")[0]
    missing = [plugin.name for plugin in registry().plugins() if f"`{plugin.name}`" not in table]
    assert not missing


def test_the_pages_link_to_files_that_exist() -> None:
    for page in PAGES:
        prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\((?!http)([^)#]+)", prose):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
