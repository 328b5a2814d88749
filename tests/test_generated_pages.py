"""docs/api.md and docs/settings.md say what the code says: `python docs/generate.py` after a change."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    generator = runpy.run_path(str(DOCS / "generate.py"))
    return {"api.md": generator["api"](), "settings.md": generator["settings"]()}


@pytest.mark.parametrize("page", ["api.md", "settings.md"])
def test_a_generated_page_is_as_the_code_is(page: str, made: dict[str, str]) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == made[page]
