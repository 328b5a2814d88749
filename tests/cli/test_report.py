from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def test_the_page_is_written_where_it_is_told(msftk: Callable, tiny_run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert msftk("report", tiny_run, "--out", page).out.strip() == str(page)
    assert "<svg" in page.read_text(encoding="utf-8")


def test_what_is_no_run_is_refused(msftk: Callable, tmp_path: Path) -> None:
    ended = msftk("report", tmp_path)
    assert ended.code == 2
    assert str(tmp_path) in ended.err


def test_a_page_of_another_format_is_refused(msftk: Callable, tiny_run: Path, tmp_path: Path) -> None:
    ended = msftk("report", tiny_run, "--out", tmp_path / "page.pdf")
    assert ended.code == 2
    assert "page.pdf: expected a file that ends in .html, .htm." in ended.err
    assert not (tmp_path / "page.pdf").exists()
