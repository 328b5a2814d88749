"""docs/plugins.md can be followed: what it prints is printed, what it writes into the package keeps its contract."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from msftk import testing
from msftk.hookspecs import KINDS
from msftk.recipes.new_plugin import new_plugin

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "plugins.md").read_text(encoding="utf-8")


def block(language: str, words: str) -> str:
    """The first block of that language that holds these words."""
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    return next(one for one in found if words in one)


def test_the_first_steps_print_what_the_page_shows(
    msftk: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    printed = msftk("plugins", "new", "low-rank", "--kind", "fusion").out
    shown = block("console", "wrote msftk-low-rank").splitlines()
    steps = [line.removeprefix("$ ") for line in shown if line.startswith("$ ")]
    assert [line for line in shown if not line.startswith("$ ")][:-1] == printed.split("next:")[0].splitlines()
    assert steps[1:3] == [line.strip() for line in printed.split("next:")[1].splitlines()][1:3]


def test_the_pages_fusion_keeps_its_contract_and_its_mistake_is_told_in_these_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = new_plugin("low-rank", "fusion", tmp_path).folder
    component = package / "msftk_low_rank" / "low_rank.py"
    written = component.read_text()
    component.write_text(written[: written.index("    def forward")] + block("python", "def forward"))
    monkeypatch.syspath_prepend(package)
    module = importlib.import_module("msftk_low_rank.low_rank")
    testing.check_fusion(module.LowRank)
    wider = "FusionOutput.single(torch.cat([acoustics.pooled, joined], dim=-1),"
    component.write_text(component.read_text().replace("FusionOutput.single(joined,", wider))
    module = importlib.reload(module)
    said = block("text", "AssertionError").strip().removeprefix("AssertionError: ")
    with pytest.raises(AssertionError, match=re.escape(said)):
        testing.check_fusion(module.LowRank)


def test_the_ten_lines_are_those_of_the_source() -> None:
    source = (CHECKOUT / "plugins" / "semantics" / "lexical.py").read_text(encoding="utf-8").splitlines()
    shown = block("python", 'group: ClassVar[str] = "lexical"').splitlines()
    assert set(shown) <= set(source)
    assert len([line for line in shown if line]) == 12


def test_the_page_tells_of_every_kind() -> None:
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE, flags=re.MULTILINE) == [kind.name for kind in KINDS]


def test_a_script_hands_its_own_hooks_to_the_registry(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from msftk.hookspecs import hookimpl\n"
        "from msftk.interfaces import Options\n"
        "class Shout:\n"
        '    """The transcript in capitals."""\n'
        "    Options, group, needs = Options, 'transcript', ('transcript',)\n"
        "    def __init__(self, options): pass\n"
        "    def text(self, evidence): return evidence.transcript and evidence.transcript.upper()\n"
        "@hookimpl\n"
        "def register_semantic_sources(register):\n"
        "    register('shout', '__main__:Shout')\n"
        + block("python", "registry().add")
        + "from msftk.testing import check_semantic_source\n"
        "check_semantic_source('shout')\n"
        "print(registry().get('semantic-source', 'shout').package)\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert ended.stdout == "my notebook\n", ended.stderr
