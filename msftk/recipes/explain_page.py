"""The page of an explanation: one file with its numbers, its sound and what draws them, and no link to elsewhere."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from msftk.files import write_whole
from msftk.pages.filled import filled
from msftk.recipes.explain import Explanation
from msftk.types import SAMPLE_RATE_HZ, Float32

PAGES = (".html", ".htm")


def write_page(explanation: Explanation, out: Path) -> None:
    """Writes the page. What it shows are the numbers of `Explanation.json`, which stand in it as they are.

    Raises MsftkError where it cannot be written.
    """
    sounds = {} if explanation.waveform is None else {"original": _flac(explanation.waveform)}
    write_whole(out, filled("explain.html", data=explanation.json(), sounds=sounds))


def _flac(waveform: Float32) -> str:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, waveform.clip(-1, 1), SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(file.getvalue()).decode()
