"""`msftk plugins`: what it lists, shows and writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path


def test_list_of_a_kind_names_plugin_help_and_package(msftk: Callable) -> None:
    ended = msftk("plugins", "list", "--kind", "fusion", "--json")
    listed = json.loads(ended.out)
    assert listed["broken"] == []
    names = [plugin["name"] for plugin in listed["plugins"]]
    assert names == sorted(names)
    assert {"none", "concat", "cross-attention", "film", "fm-moe"} <= set(names)
    assert all(plugin["help"] and plugin["package"].startswith("msftk ") for plugin in listed["plugins"])


def test_list_with_check_imports_every_plugin(msftk: Callable) -> None:
    assert msftk("plugins", "list", "--check").code == 0


def test_show_tells_how_each_option_is_set(msftk: Callable) -> None:
    ended = msftk("plugins", "show", "fm-moe")
    assert "--set fusion.router = static" in ended.out
    assert "--set fusion.expert_c = extended" in ended.out


def test_show_of_a_name_in_two_kinds_shows_both_or_the_one_asked_for(msftk: Callable) -> None:
    both = json.loads(msftk("plugins", "show", "concat", "--json").out)
    assert [one["kind"] for one in both] == ["intra-fusion", "fusion"]
    one = json.loads(msftk("plugins", "show", "fusion:concat", "--json").out)
    assert list(one[0]["options"]) == ["group_merge"]


def test_new_writes_a_package_and_prints_the_next_steps(msftk: Callable, tmp_path: Path) -> None:
    ended = msftk("plugins", "new", "word-mean", "--kind", "fusion", "--out", tmp_path)
    assert ended.code == 0
    assert (tmp_path / "msftk-word-mean" / "pyproject.toml").is_file()
    steps = [line.strip() for line in ended.out.split("next:\n")[1].splitlines()]
    assert steps == [
        f"cd {tmp_path / 'msftk-word-mean'}",
        "python -m pip install --no-deps --no-build-isolation -e .",
        "python -m pytest",
        "msftk train --fusion word-mean --out runs/word-mean",
    ]


def test_new_into_a_folder_that_is_there_ends_with_2(msftk: Callable, tmp_path: Path) -> None:
    (tmp_path / "msftk-word-mean").mkdir()
    ended = msftk("plugins", "new", "word-mean", "--kind", "fusion", "--out", tmp_path)
    assert ended.code == 2
    assert "exists already and is left alone" in " ".join(ended.err.split())
