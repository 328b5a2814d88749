from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from msftk.store.features import Store


def test_page_and_json(msftk: Callable, tiny_run: Path, tone_store: Store, tmp_path: Path) -> None:
    given = ("explain", tiny_run, "s5_1", "--store", tone_store.root)
    assert msftk(*given, "--out", tmp_path / "page.html").out.strip() == str(tmp_path / "page.html")
    assert (tmp_path / "page.html").is_file()
    ended = msftk(*given, "--json")
    assert json.loads(ended.out)["id"] == "s5_1"
    assert "made up for tests" in ended.err


def test_what_is_not_there_is_told(msftk: Callable, tiny_run: Path, tone_store: Store, tmp_path: Path) -> None:
    ended = msftk("explain", tiny_run, "s4_1", "--store", tone_store.root, "--out", tmp_path / "page.html")
    assert ended.code == 0
    assert "without words: no alignment" in ended.err


def test_nowhere_to_write_two_recordings_and_another_format_are_refused(
    msftk: Callable, tiny_run: Path, tmp_path: Path
) -> None:
    for given, said in (
        (("s5_1",), "Name a page by --out page.html, or take --json."),
        (("s5_1", "s5_2", "--json"), "2 recordings to explain: expected one."),
        (("s5_1", "--out", tmp_path / "page.pdf"), "expected a file that ends in .html, .htm."),
    ):
        ended = msftk("explain", tiny_run, *given)
        assert ended.code == 2
        assert said in ended.err
