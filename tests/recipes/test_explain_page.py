"""The page of an explanation: its numbers, that it stands alone, and how a browser shows it."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from page_tables import Tables, said

from msftk.recipes.explain import Explanation, explain
from msftk.recipes.explain_page import write_page
from msftk.recipes.predict import load
from msftk.store.features import Store

BROWSER = next(
    (found for name in ("chromium", "google-chrome", "chromium-browser") if (found := shutil.which(name))), None
)

TOUCHED = """<!doctype html><body><iframe id="page" src="page.html" width="390" height="800" style="border:0"></iframe>
<script>onload = async () => {
  const inside = document.getElementById("page").contentWindow, found = inside.document, heard = [];
  const start = inside.AudioBufferSourceNode.prototype.start;
  inside.AudioBufferSourceNode.prototype.start = function () {
    heard.push([...this.buffer.getChannelData(0)]);
    start.call(this);
  };
  for (const button of [found.querySelector(".touched button"), ...found.querySelectorAll("td button")]) {
    const before = heard.length;
    button.click();
    while (heard.length === before) await new Promise(done => setTimeout(done, 20));
  }
  document.body.dataset.played = JSON.stringify(heard);
};</script>"""


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
    assert out.read_text().count("data:audio/flac") == 4  # the recording, and three takes


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
    assert all(f"{name} {said(value)}" in text for name, value in explained.values.items())
    rows = Tables(text).rows[""]
    assert explained.emphasis is not None
    assert explained.control is not None
    words = [word["word"] for word in explained.emphasis["words"]]

    def row(name: str, values: dict[str, float], origin: dict[str, float]) -> list[str]:
        return [name, *(f"{said(value)} ({said(value - origin[a], '+')})" for a, value in values.items())]

    expected = [
        *(row(source, values, explained.values) for source, values in explained.without.items()),
        *(row(word, values, explained.values) for word, values in zip(words, explained.les, strict=True)),
        row("control", explained.control, explained.values),
        *(row(word, values, explained.control) for word, values in zip(words, explained.sound, strict=True)),
    ]
    assert [one for one in rows if "(" in "".join(one)] == expected
    for expert in next(iter(explained.parts.values())):
        assert [expert, *(said(own[expert], "+") for own in explained.parts.values())] in rows
    for shares in explained.gates.values():
        assert ", ".join(f"{source} {said(share)}" for source, share in shares.items()) in text
    dumped, _ = _dumped(narrow, tmp_path)
    found = re.search(r"<title>(\d+)</title>", dumped)
    assert found
    assert int(found[1]) <= 390


@pytest.mark.skipif(BROWSER is None, reason="no browser is at hand")
def test_a_touched_word_is_heard_and_a_touched_row_is_what_the_model_heard(
    page: Path, explained: Explanation, tmp_path: Path
) -> None:
    """What the browser hands to its loudspeaker, at the width of a telephone."""
    harness = page.with_name("touched.html")
    harness.write_text(TOUCHED)
    shown, told = _dumped(harness, tmp_path, "--autoplay-policy=no-user-gesture-required")
    found = re.search(r'data-played="(.*?)"', shown)
    assert found, told[-2000:]
    word, *sentences = json.loads(html.unescape(found[1]))
    assert explained.emphasis is not None
    assert explained.waveform is not None
    assert explained.moved is not None
    first = explained.emphasis["words"][0]
    said = explained.waveform[round(first["start_s"] * 16_000) : round(first["end_s"] * 16_000)]
    np.testing.assert_allclose(word, said, atol=1e-4)
    top = [word["emphasised"] for word in explained.emphasis["words"]].index(True)
    cuts = explained.moved.cuts
    for played, cut in zip(sentences, [cuts[top], *cuts], strict=True):
        heard = explained.moved.takes.joined(cut).clip(-1, 1)
        assert len(played) == len(heard)
        np.testing.assert_allclose(played, heard, atol=1e-4)  # 16 bits


def _dumped(page: Path, profile: Path, *flags: str) -> tuple[str, str]:
    """The page after its scripts, and what the console said."""
    done = subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         *flags, f"--user-data-dir={profile}/browser", "--enable-logging=stderr", "--virtual-time-budget=5000",
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout, done.stderr
