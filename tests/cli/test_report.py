from __future__ import annotations

import html
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from browser import shown
from page_tables import Tables, between, said
from small_corpus import tiny_settings

from msftk.recipes.train import train
from msftk.store.features import Store
from msftk.store.manifest import Manifest


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


def test_a_folder_of_runs_gives_their_comparison(
    msftk: Callable, tiny_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(tiny_run, runs / "moe")
    train(tone_corpus, tiny_settings("fusion.name=none"), runs / "sound", store=tone_store, device="cpu")
    (runs / "notes").mkdir()
    assert msftk("report", runs).out.strip() == str(runs / "report.html")
    page = (runs / "report.html").read_text(encoding="utf-8")
    found = json.loads(msftk("report", runs, "--json").out)
    assert list(found["systems"]) == ["moe", "sound"]
    named = json.loads(
        msftk("compare", "--system", f"moe={runs / 'moe'}", "--system", f"sound={runs / 'sound'}", "--json").out
    )
    assert found == named
    tables, names = Tables(page).rows, found["attributes"]
    assert names == ["valence", "arousal", "dominance", "mean"]

    def told(one: dict[str, float], sign: str = "") -> str:
        return f"{said(one['value'], sign, 3)} {between([one['low'], one['high']], 3)}".strip()

    assert tables["systems"][1:] == [
        [name, str(len(one["runs"])), *(told(one["ccc"][a]) for a in names)] for name, one in found["systems"].items()
    ]
    for row, one in zip(tables["differences"][1:], found["differences"], strict=True):
        assert row[0] == f"{one['system']} over {one['other']}"
        for cell, a in zip(row[1:], names, strict=True):
            p = one["holm"][a]
            tail = "" if p is None else " p < 0.001" if p < 0.001 else f" p = {said(p, places=3)}"
            assert cell == told(one["by"][a], "+") + tail
    for sentence in found["claims"]:
        assert html.escape(sentence) in page
    shown_there = shown(runs / "report.html", 390, tmp_path)
    assert shown_there.width <= 390
    assert shown_there.console == []


def test_a_folder_without_a_finished_run_is_no_run(msftk: Callable, tmp_path: Path) -> None:
    (tmp_path / "runs" / "begun").mkdir(parents=True)
    ended = msftk("report", tmp_path / "runs")
    assert ended.code == 2
    assert "not a run folder" in ended.err
