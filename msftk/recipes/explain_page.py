"""The page of an explanation: one file with its numbers, its sound and what draws them, and no link to elsewhere."""

from __future__ import annotations

import base64
import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

from msftk.files import write_whole
from msftk.pages.filled import filled
from msftk.prosody.resynthesis import FADE
from msftk.recipes.explain import Explanation
from msftk.types import SAMPLE_RATE_HZ, Float32

PAGES = (".html", ".htm")


def write_page(explanation: Explanation, out: Path) -> None:
    """Writes the page. What it shows are the numbers of `Explanation.json`, which stand in it as they are.

    Raises MsftkError where it cannot be written.
    """
    write_whole(out, filled("explain.html", data=explanation.json(), sounds=_sounds(explanation)))


def _sounds(explanation: Explanation) -> dict[str, Any]:
    """The recording, and the takes with what is cut from them for each word: the browser joins them as `Takes` does."""
    told: dict[str, Any] = {"rate": SAMPLE_RATE_HZ, "fade": FADE, "cuts": [], "takes": {}}
    if explanation.waveform is not None:
        told["original"] = _flac(explanation.waveform)
    if explanation.moved is not None:
        told["takes"] = {name: _flac(sound) for name, sound in explanation.moved.takes.sounds.items()}
        told["cuts"] = [[asdict(piece) for piece in cut] for cut in explanation.moved.cuts]
    return told


def _flac(waveform: Float32) -> str:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, waveform.clip(-1, 1), SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(file.getvalue()).decode()
