"""The page of an explanation: one file with its numbers, its sound and what draws them, and no link to elsewhere."""

from __future__ import annotations

import base64
import io
import json
from importlib.resources import files
from pathlib import Path

from msftk.files import write_whole
from msftk.recipes.explain import Explanation
from msftk.types import SAMPLE_RATE_HZ, Float32

PAGES = (".html", ".htm")


def write_page(explanation: Explanation, out: Path) -> None:
    """Writes the page. What it shows are the numbers of `Explanation.json`, which stand in it as they are.

    Raises MsftkError where it cannot be written.
    """
    text = files("msftk.pages").joinpath("explain.html").read_text(encoding="utf-8")
    sounds = {name: _flac(waveform) for name, waveform in explanation.sounds().items()}
    for name, value in (("data", explanation.json()), ("sounds", sounds)):
        text = text.replace(f"%{name}%", _inside(value))
    write_whole(out, text)


def _inside(value: object) -> str:
    """JSON that no word of a transcript can end early: `<` stands escaped."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c").replace("%", "\\u0025")


def _flac(waveform: Float32) -> str:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, waveform.clip(-1, 1), SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(file.getvalue()).decode()
