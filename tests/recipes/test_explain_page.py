"""The page of an explanation: its numbers, that it stands alone, and how a browser shows it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from msftk.recipes.explain import Explanation, explain
from msftk.recipes.explain_page import write_page
from msftk.recipes.predict import load
from msftk.store.features import Store

BROWSER = next(
    (found for name in ("chromium", "google-chrome", "chromium-browser") if (found := shutil.which(name))), None
)


@pytest.fixture(scope="module")
def explained(tiny_run: Path, tone_store: Store) -> Explanation:
    return explain(load(tiny_run), "s5_1", store=tone_store)


@pytest.fixture(scope="module")
def page(explained: Explanation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    write_page(explained, out := tmp_path_factory.mktemp("page") / "page.html")
    return out


def test_the_numbers_within_are_those_of_json(page: Path, explained: Explanation) -> None:
    written = re.search(r'id="data">(.*?)</script>', page.read_text())
    assert written
    assert json.loads(written[1]) == json.loads(json.dumps(explained.json()))


def test_it_needs_nothing_from_elsewhere(page: Path) -> None:
    text = page.read_text().replace("http://www.w3.org/2000/svg", "")
    assert "http" not in text
    assert not re.search(r'(?:src|href)="', text)


def test_markup_in_a_name_stays_text(explained: Explanation, tmp_path: Path) -> None:
    write_page(replace(explained, id="</script><b>%sounds%"), out := tmp_path / "page.html")
    assert "</script><b>" not in out.read_text()
    assert out.read_text().count("data:audio/flac") == 1


@pytest.mark.skipif(BROWSER is None, reason="no browser is at hand")
def test_a_browser_shows_every_number_without_an_error(page: Path, explained: Explanation, tmp_path: Path) -> None:
    narrow = page.with_name("narrow.html")
    frame = '<iframe src="page.html" width="390" height="800" style="border:0"></iframe>'
    width = "document.querySelector('iframe').contentDocument.documentElement.scrollWidth"
    asked = f"<script>onload = () => {{ document.title = {width} }}</script>"
    narrow.write_text(f"<!doctype html><body>{frame}{asked}")
    shown, told = _dumped(page, tmp_path)
    assert "Uncaught" not in told
    text = re.sub(r"<script.*?</script>", "", shown, flags=re.DOTALL)
    for values in (explained.values, *explained.les, *explained.sound, *explained.without.values()):
        for value in values.values():
            assert f"{value:.2f}" in text
    dumped, _ = _dumped(narrow, tmp_path)
    found = re.search(r"<title>(\d+)</title>", dumped)
    assert found
    assert int(found[1]) <= 390


def _dumped(page: Path, profile: Path) -> tuple[str, str]:
    """The page after its scripts, and what the console said."""
    done = subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         f"--user-data-dir={profile}/browser", "--enable-logging=stderr", "--virtual-time-budget=5000",
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout, done.stderr
