"""What pages take from the code is as the code is: `python docs/generate.py` after a change."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(CHECKOUT / "docs" / "generate.py"))


@pytest.mark.parametrize("page", ["docs/api.md", "docs/settings.md", "README.md", "docs/plugins.md"])
def test_a_generated_page_is_as_the_code_is(page: str, generator: dict[str, Any]) -> None:
    assert (CHECKOUT / page).read_text(encoding="utf-8") == generator["PAGES"][page]()
