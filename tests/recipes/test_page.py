"""Pages in a browser: they fit a telephone, and nothing goes wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import shown
from recipes.test_systems import run_of

from msftk.recipes.page import template
from msftk.recipes.report import write_report
from msftk.store.features import Store


@pytest.mark.parametrize("width", [390, 1280])
def test_a_report_fits_and_the_console_is_silent(width: int, tiny_run: Path, tone_store: Store, tmp_path: Path) -> None:
    page = write_report(tiny_run, tmp_path / "r.html", store=tone_store.root)
    found = shown(page, width, tmp_path)
    assert found.width <= width
    assert len(found.text) > 3000
    assert found.console == []


def test_a_comparison_has_its_differences_in_sight_at_a_desk_and_in_a_box_of_their_own_on_a_telephone(
    tiny_run: Path, tone_store: Store, tmp_path: Path
) -> None:
    for name, fusion in (("a-system-with-a-long-name", "film"), ("other", "concat")):
        run_of(tiny_run, tmp_path / "runs" / name, fusion={"name": fusion})
    page = write_report(tmp_path / "runs", tmp_path / "c.html", store=tone_store.root)
    wider = "const box = found.querySelector('#differences').parentElement; return box.scrollWidth - box.clientWidth;"
    for width in (390, 1280):
        found = shown(page, width, tmp_path, wider)
        assert (found.width <= width, found.console) == (True, [])
        assert found.answer > 0 if width == 390 else found.answer == 0


def test_what_is_too_wide_and_what_goes_wrong_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text('<p style="width: 700px">wide</p><script>nothing.here()</script>')
    found = shown(page, 390, tmp_path)
    assert found.width > 390
    assert "nothing is not defined" in found.console[0]


def test_a_text_is_escaped_and_a_missing_fact_is_refused() -> None:
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        template("comparison.html").render(title="t")
    text = template("base.html").render(title="<script>alert(1)</script>")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
