"""A page that draws itself: what is put into it, and that a browser draws numbers that are not of an explanation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from browser import shown

from msftk.pages.filled import PLACE, filled


def test_a_value_stands_as_json_that_no_text_within_ends() -> None:
    data = {"word": "</script><b>%sounds%%plane.js%"}
    text = filled("explain.html", data=data, sounds={})
    assert "</script><b>" not in text
    written = re.search(r'id="data">(.*?)</script>', text)
    assert written
    assert json.loads(written[1]) == data


def test_a_name_without_a_value_is_refused() -> None:
    with pytest.raises(KeyError, match="sounds"):
        filled("explain.html", data={})


def test_nothing_is_left_to_fill_in() -> None:
    assert not PLACE.search(filled("explain.html", data={}, sounds={}))


def test_the_parts_draw_what_a_server_says_of_a_recording(tmp_path: Path) -> None:
    windows = [
        {"start_s": 4.0 * k, "end_s": 4.0 * k + 8, "valence": 2.0 + k, "arousal": 8.5, "dominance": 3.0}
        for k in range(4)
    ]
    page = tmp_path / "page.html"
    parts = filled("explain.html", data={}, sounds={})
    script = parts[parts.index('"use strict"') : parts.index("const read =")]
    page.write_text(
        f"<!doctype html><meta name=viewport content='width=device-width'><main></main><script>{script}\n"
        f"const windows = {json.dumps(windows)}, main = document.querySelector('main');\n"
        "trace(main, windows, ['valence', 'arousal', 'dominance'], [1, 7]);\n"
        "plane(main, 'where', windows.map((values, k) => ({name: `at ${k}`, values})), {scale: [1, 7]});\n"
        "const points = document.querySelectorAll('polyline')[0].getAttribute('points').split(' ');\n"
        "const names = [...document.querySelectorAll('text')].map(one => one.textContent);\n"
        "const heights = [...document.querySelectorAll('circle')].map(one => Number(one.getAttribute('cy')));\n"
        "add(main, 'p', `${Math.min(...heights) >= 20 ? 'inside' : 'beyond'} `"
        " + `${points.length} points, ${names.filter(one => one.startsWith('at ')).length} names, `"
        " + `${fixed(-.001)} ${fixed(null)} ${signed(.5)} ${signed(-.004)}`.padEnd(40, '.'));"
        "console.log(main.lastChild.textContent);</script>"
    )
    (said,) = shown(page, 390, tmp_path).console
    assert "inside 4 points, 4 names, 0.00 – +0.50 +0.00" in said
