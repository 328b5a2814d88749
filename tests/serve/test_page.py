"""The page at `/` in a real browser: a file that is dropped, or a voice that is recorded, becomes what is drawn."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import Seen, visited
from fastapi import FastAPI, Request, Response

from msftk.recipes.predict import load
from msftk.serve.answers import Answers
from msftk.serve.app import make_app

PROMPT = Path(__file__).parents[2] / "msftk" / "demo" / "prompts" / "audio" / "agent-incorrect.flac"
WORDS = ["login", "incorrect", "please", "enter", "your", "agent", "number", "followed", "by", "the", "pound", "key"]
VISITOR = """<!doctype html><body>
<iframe id="page" src="/" width="390" height="900" allow="microphone"></iframe><script>
const frame = document.getElementById("page"), wait = ms => new Promise(done => setTimeout(done, ms)), said = [];
frame.onload = async () => {
  const page = frame.contentWindow, at = id => page.document.getElementById(id), fetched = page.fetch;
  const state = () => at("state").textContent, busy = () => !said.length || state().endsWith("...");
  page.fetch = async (...asked) => {
    const reply = await fetched(...asked);
    said.push(await reply.clone().json());
    return reply;
  };
  %s
  while (busy()) await wait(20);
  const drawn = [...page.document.querySelectorAll("svg")].map(one => one.getAttribute("aria-label"));
  const width = page.document.documentElement.scrollWidth, text = at("page").innerText;
  await fetch("/seen", {method: "POST", body: JSON.stringify({said, drawn, text, width, state: state()})});
};
</script></body>"""
DROPPED = """
  const files = new page.DataTransfer(), sound = await (await fetch("/sound")).arrayBuffer();
  files.items.add(new page.File([sound], "mine.flac"));
  at("transcript").value = "Login incorrect. Please enter your agent number followed by the pound key.";
  at("drop").dispatchEvent(new page.DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true}));
"""
RECORDED = """
  at("record").click();
  while (at("state").textContent !== "recording ...") await wait(20);
  await wait(1500);
  at("record").click();
  while (!at("page").children.length) await wait(20);
"""
NO_SOUND = """
  const files = new page.DataTransfer();
  files.items.add(new page.File(["no sound"], "<b>mine.wav"));
  at("file").files = files.files;
  at("file").dispatchEvent(new page.Event("change"));
"""


@pytest.fixture
def visit(tiny_run: Path, served: Callable[[Any], str], tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """visit(script) -> what a browser saw when a visitor did so on the page, and what the console said."""
    seen: Seen = queue.SimpleQueue()
    app = make_app(Answers(load(tiny_run, device="cpu"), {"aligner": {"name": "pocketsphinx"}}))

    def opened(script: str) -> dict[str, Any]:
        add_visitor(app, VISITOR % script, seen)
        voice = tmp_path / "voice.wav"
        write_wav(voice)
        flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
        address = f"{served(app)}/visitor"
        found, console = visited(address, seen, tmp_path, *flags, f"--use-file-for-fake-audio-capture={voice}")
        return found | {"console": console}

    return opened


def add_visitor(app: FastAPI, page: str, seen: Seen) -> None:
    """Beside the server's own addresses: the visitor's page, a sound for it, and where it tells what it saw."""

    @app.get("/visitor")
    async def visitor() -> Response:
        return Response(page, media_type="text/html")

    @app.get("/sound")
    async def sound() -> Response:
        return Response(PROMPT.read_bytes())

    @app.post("/seen")
    async def told(request: Request) -> None:
        seen.put(json.loads(await request.body()))


def write_wav(path: Path) -> None:
    import soundfile

    samples, rate_hz = soundfile.read(PROMPT)
    soundfile.write(path, samples, rate_hz, "PCM_16")


def test_a_dropped_file_becomes_words_plane_and_trace(visit: Callable[[str], dict[str, Any]]) -> None:
    found = visit(DROPPED)
    assert (found["state"], found["console"]) == ("", [])
    assert found["width"] <= 390
    whole, over_time, explained = found["said"]
    (one,) = whole["predictions"]
    assert one["id"] == "mine"
    assert f"valence {one['valence']:.2f}, arousal {one['arousal']:.2f}" in found["text"]
    assert len(over_time["predictions"][0]["windows"]) > 10
    assert [word["word"].lower() for word in explained["emphasis"]["words"]] == WORDS
    assert all(word in found["text"].lower() for word in WORDS)
    assert found["drawn"] == [
        "valence and arousal",
        "valence, arousal, dominance over time",
        "waveform, log-F0 and energy over time",
        "as LES tells it",
    ]


@pytest.mark.slow
def test_a_recorded_voice_is_heard(visit: Callable[[str], dict[str, Any]]) -> None:
    found = visit(RECORDED)
    assert (found["state"], found["console"]) == ("", [])
    assert found["said"][0]["predictions"][0]["id"] == "recorded"
    assert 1 < found["said"][2]["curves"]["duration_s"] < 5
    assert max(found["said"][2]["curves"]["high"]) > 0.05
    assert "no transcript" in found["text"]


def test_what_is_no_sound_is_told_on_the_page(visit: Callable[[str], dict[str, Any]]) -> None:
    found = visit(NO_SOUND)
    assert found["state"].startswith("<b>mine: cannot be decoded")
    assert found["drawn"] == []
