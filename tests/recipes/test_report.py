"""The report page: what stands on it, that it stands alone, and when it is refused."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.evaluation.predictions import read_predictions, write_predictions
from msftk.recipes.evaluate import evaluate
from msftk.recipes.report import card_rows, write_report
from msftk.store.features import Store
from msftk.store.manifest import read_manifest, write_manifest
from msftk.types import ATTRIBUTES, Utterance


@pytest.fixture(scope="module")
def page(tiny_run: Path, tone_store: Store, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(tiny_run, tmp_path_factory.mktemp("page") / "r.html", store=tone_store.root).read_text()


def test_the_scores_are_those_of_evaluate(page: str, tiny_run: Path) -> None:
    for split in ("dev", "test"):
        assert f"{evaluate(tiny_run, split=split).ccc['mean']:.2f}" in page
    assert "selected on" in page
    assert "held out" in page


def test_it_has_the_ccc_with_fewer_sources(page: str, tiny_run: Path) -> None:
    by_sources = evaluate(tiny_run, split="test").by_sources
    assert "With fewer sources" in page
    for sources, ccc in by_sources.items():
        assert f"<td>{sources}</td>" in page
        assert f"{ccc['mean']:.2f}" in page


def test_it_warns_draws_and_shows_the_card(page: str) -> None:
    assert "The ratings of this corpus are made up for tests." in page
    # an attribute's scatter, every slicing, spread, routing, gates, loss and dev CCC, three utterances
    assert page.count("<svg") == 3 + page.count('id="slice-') + 1 + 1 + 1 + 2 + 3
    assert re.findall(r'<span class="segment">', page)
    assert "gs absent in 1" not in page  # the utterance without transcript trains
    assert "<tr><td>seconds_kept</td><td>12.0</td></tr>" in page
    assert "<td>CCC within category</td>" in page  # as the command line calls it


def test_it_needs_nothing_from_elsewhere(page: str) -> None:
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert not re.search(r"<script|@import|url\((?!#)", page)
    assert set(re.findall(r"https?://[^\"\s]+", page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_what_is_wide_scrolls_in_a_box_of_its_own(page: str) -> None:
    assert page.count("<table") == page.count('<div class="box"><table') > 4


def test_the_card_stands_as_rows_of_paths() -> None:
    card = {"seed": 1, "fusion": {"name": "film", "hidden": None}, "splits": [1, "a<b"], "folds": {}}
    assert list(card_rows(card)) == [
        ("seed", "1"),
        ("fusion.name", "film"),
        ("fusion.hidden", "none"),
        ("splits", "1, a<b"),
        ("folds", "none"),
    ]


def test_an_unfinished_run_is_refused(tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "cut"
    shutil.copytree(tiny_run, run)
    (run / "protocol.json").unlink()
    with pytest.raises(InputError, match=r"the run is not finished\. Resume it"):
        write_report(run, tmp_path / "r.html")


def test_audio_that_has_moved_leaves_a_page_without_pictures(tiny_run: Path, tone_store: Store, tmp_path: Path) -> None:
    run = tmp_path / "moved"
    shutil.copytree(tiny_run, run)
    manifest = read_manifest(run / "manifest.parquet")
    gone = [replace(u, audio=Path("/gone") / u.audio.name) for u in manifest.utterances]
    write_manifest(replace(manifest, utterances=tuple(gone)), run / "manifest.parquet")
    assert "Stressed words" not in write_report(run, tmp_path / "r.html", store=tone_store.root).read_text()


def test_the_title_says_how_much_of_the_encoder_learned_where_that_was_not_all(tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    assert "<title>fm-moe on tones</title>" in write_report(run, tmp_path / "r.html").read_text()
    card = json.loads((run / "protocol.json").read_text())
    card["settings"]["adaptation"] = {"name": "frozen"}
    (run / "protocol.json").write_text(json.dumps(card))
    assert "<title>fm-moe on tones, encoder frozen</title>" in write_report(run, tmp_path / "r.html").read_text()


def test_what_looks_like_markup_is_text(tiny_run: Path, tone_store: Store, tmp_path: Path) -> None:
    run, markup = tmp_path / "run", "<script>alert(1)</script> <img src=x> & 'so'"
    shutil.copytree(tiny_run, run)
    manifest = read_manifest(run / "manifest.parquet")
    marked = [
        replace(u, alignment=None, transcript=markup, category=f"<b>{u.category}") if u.split == "test" else u
        for u in manifest.utterances
    ]
    write_manifest(replace(manifest, utterances=tuple(marked)), run / "manifest.parquet")
    page = write_report(run, tmp_path / "r.html", store=tone_store.root)
    text = page.read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x&gt; &amp;" in text
    assert "&lt;b&gt;calm" in text
    assert not re.search(r"<script|<img|<b>", text)


@pytest.mark.slow
def test_the_page_of_30000_utterances_is_small(tiny_run: Path, tone_store: Store, tmp_path: Path) -> None:
    run, random, n = tmp_path / "run", np.random.default_rng(0), 30_000
    shutil.copytree(tiny_run, run)
    manifest = read_manifest(run / "manifest.parquet")
    ratings = random.uniform(1, 7, (n, 3))
    some = [
        Utterance(
            f"u{k:05d}",
            None,
            split="test",
            speaker=f"s{k % 60}",
            gender="fm"[k % 2],
            duration_s=1 + k % 11,
            transcript="some words that are said",
            ratings=dict(zip(ATTRIBUTES, row, strict=True)),
        )
        for k, row in enumerate(ratings.tolist())
    ]
    write_manifest(replace(manifest, utterances=tuple(some)), run / "manifest.parquet")
    file = run / "predictions" / "test.parquet"
    (run / "predictions" / "dev.parquet").unlink()
    said = read_predictions(file)
    rows = random.integers(0, len(said), n)
    many = said.of([said.ids[row] for row in rows])
    values = np.clip(ratings + random.normal(0, 1, (n, 3)), 1, 7)
    write_predictions(replace(many, ids=tuple(u.id for u in some), values=values), file)
    page = write_report(run, tmp_path / "r.html", store=tone_store.root)
    text = page.read_text()
    assert len(text) < 2_000_000
    assert '<td class="number">30000</td>' in text
    assert "counted in hexagons" in text
