"""A page as a browser shows it, in the browser's own time: it tells the test what it saw once it has seen it."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

Seen = queue.SimpleQueue[dict[str, Any]]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FRAME = """<!doctype html><body>
<iframe id="page" src="%(source)s" width="%(width)d" height="900" style="border:0"></iframe><script>
document.getElementById("page").onload = async event => {
  const page = event.target.contentWindow, found = page.document;
  const answer = await (async () => { %(script)s })();
  const width = found.documentElement.scrollWidth, text = found.body.innerText, html = found.documentElement.outerHTML;
  await fetch("%(to)s", {method: "POST", mode: "no-cors", body: JSON.stringify({width, text, html, answer})});
};
</script></body>"""


@dataclass(frozen=True)
class Shown:
    """`width`: what the page takes in px; `text`: what is seen of it; `html`: after its scripts; `console`: what was
    said there; `answer`: what the visitor's script returned."""

    width: int
    text: str
    html: str
    console: list[str]
    answer: Any = None


def shown(page: Path, width: int, tmp_path: Path, script: str = "") -> Shown:
    """The page in a window that is `width` px wide (a frame: a browser's own window is never that small).

    `script` is what a visitor does there; it knows the page's window as `page`, its document as `found`. Skips the test
    where there is no Chromium.
    """
    with _listening() as (address, seen):
        frame = tmp_path / f"frame-{width}.html"
        frame.write_text(FRAME % {"source": page.as_uri(), "width": width, "script": script, "to": address})
        flags = ("--allow-file-access-from-files", f"--window-size={max(width + 40, 600)},1000")
        found, console = visited(frame.as_uri(), seen, tmp_path, *flags)
    return Shown(**found, console=console)


def visited(address: str, seen: Seen, tmp_path: Path, *flags: str) -> tuple[dict[str, Any], list[str]]:
    """What a browser at an address put into `seen`, and what its console said; skips where there is no Chromium."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip("no Chromium here")
    command = [
        *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"),
        *("--autoplay-policy=no-user-gesture-required", "--enable-logging=stderr", *flags, address),
    ]
    log = tmp_path / "browser.log"
    with log.open("w") as written, subprocess.Popen(command, stderr=written) as running:
        try:
            found = seen.get(timeout=60)
        except queue.Empty:
            pytest.fail(
                f"the page told nothing within 60 s; the browser said\n{log.read_text(errors='replace')[-2000:]}"
            )
        finally:
            running.terminate()
    return found, [line for line in log.read_text(errors="replace").splitlines() if "CONSOLE" in line]


@contextmanager
def _listening() -> Iterator[tuple[str, Seen]]:
    """The address of this machine where a page tells what it saw, and where that is put."""
    seen: Seen = queue.SimpleQueue()

    class Told(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Told) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
