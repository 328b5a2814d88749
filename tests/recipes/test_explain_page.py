"""The page of an explanation: its numbers, that it stands alone, and how a browser shows it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import shown
from page_tables import Tables, said

from msftk.recipes.explain import Explanation, explain
from msftk.recipes.explain_page import write_page
from msftk.recipes.predict import load
from msftk.store.features import Store

TOUCHED = """
  const heard = [], start = page.AudioBufferSourceNode.prototype.start;
  page.AudioBufferSourceNode.prototype.start = function () {
    heard.push([...this.buffer.getChannelData(0)]);
    start.call(this);
  };
  for (const button of [found.querySelector(".touched button"), ...found.querySelectorAll("td button")]) {
    const before = heard.length;
    button.click();
    while (heard.length === before) await new Promise(done => setTimeout(done, 20));
  }
  return heard;
"""


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


def test_a_browser_shows_every_number_without_an_error(page: Path, explained: Explanation, tmp_path: Path) -> None:
    seen = shown(page, 390, tmp_path)
    assert seen.console == []
    assert seen.width <= 390
    text = re.sub(r"<script.*?</script>", "", seen.html, flags=re.DOTALL)
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


def test_a_touched_word_is_heard_and_a_touched_row_is_what_the_model_heard(
    page: Path, explained: Explanation, tmp_path: Path
) -> None:
    """What the browser hands to its loudspeaker, at the width of a telephone."""
    word, *sentences = shown(page, 390, tmp_path, TOUCHED).answer
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
