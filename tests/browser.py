"""A page as a browser shows it: how wide it is, and what the console said."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FRAME = """<!doctype html><body><iframe id="page" src="{source}" width="{width}" height="900" style="border:0"
onload="document.body.dataset.seen = JSON.stringify({{width: this.contentDocument.documentElement.scrollWidth,
text: this.contentDocument.body.innerText.length}})"></iframe></body>"""


@dataclass(frozen=True)
class Shown:
    """`width`: what the page takes in px; `text`: letters that are seen; `console`: what was said there."""

    width: int
    text: int
    console: list[str]


def shown(page: Path, width: int, tmp_path: Path) -> Shown:
    """The page in a window that is `width` px wide (a frame: a browser's own window is never that small).

    Skips the test where there is no Chromium.
    """
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip("no Chromium here")
    frame = tmp_path / f"frame-{width}.html"
    frame.write_text(FRAME.format(source=page.as_uri(), width=width))
    command = [
        *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--virtual-time-budget=5000"),
        *(f"--window-size={max(width + 40, 600)},1000", "--dump-dom", frame.as_uri()),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r'data-seen="([^"]*)"', ended.stdout)
    assert found, ended.stderr[-2000:]
    seen = json.loads(found[1].replace("&quot;", '"'))
    return Shown(seen["width"], seen["text"], [line for line in ended.stderr.splitlines() if "CONSOLE" in line])
