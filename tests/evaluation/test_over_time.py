"""V/A/D of a recording over time as a picture: in every format, of one recording alone, by the command too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tones import voice

from msftk.errors import InputError
from msftk.evaluation.drawing import COLOURS
from msftk.evaluation.over_time import plot_over_time
from msftk.types import RatingScale

VALUES = {"valence": [2.0, 6.0, 4.0], "arousal": [1.0, 1.0, 7.0]}


@pytest.mark.parametrize(("suffix", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")])
def test_it_draws_what_the_suffix_says(suffix: str, begins: bytes, tmp_path: Path) -> None:
    place = tmp_path / f"t.{suffix}"
    plot_over_time("talk", [0, 4, 8], [8, 12, 16], VALUES, RatingScale(1, 7), place)
    assert place.read_bytes().startswith(begins)


def test_each_line_goes_through_its_values(tmp_path: Path) -> None:
    plot_over_time("talk", [0, 4, 8], [8, 12, 16], VALUES, RatingScale(1, 7), tmp_path / "t.svg")
    text = (tmp_path / "t.svg").read_text()
    for attribute, values in VALUES.items():
        lines = re.findall(rf'<path d="([^"]*)"[^>]*style="fill: none; stroke: {COLOURS[attribute]}; stroke-w', text)
        points = max((re.findall(r"[ML] ([\d.]+) ([\d.]+)", line) for line in lines), key=len)
        x, y = np.array(points, float).T
        assert x[0] > 120  # the middle of the first window, not its start at the axis
        assert len(points) == 3
        assert np.corrcoef(y, values)[0, 1] == pytest.approx(-1)  # up is a smaller y
        assert np.diff(x)[0] == pytest.approx(np.diff(x)[1], rel=1e-4)


def test_a_name_that_cannot_be_drawn_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.gif: cannot draw '\.gif' files\. Name a file that ends in \.png"):
        plot_over_time("talk", [0], [1], {"valence": [1.0]}, RatingScale(1, 7), tmp_path / "t.gif")


def test_the_command_draws_one_recording(tiny_run: Path, msftk: Callable, tmp_path: Path) -> None:
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", voice(150, 1.0), 16_000)
    windows = ("--window", "0.4", "--hop", "0.2", "--store", tmp_path / "store")
    ended = msftk("predict", tiny_run, tmp_path / "a.wav", *windows, "--plot", tmp_path / "a.png")
    assert (ended.code, (tmp_path / "a.png").exists()) == (0, True)
    assert f"drawn: {tmp_path / 'a.png'}" in ended.err
    refused = msftk("predict", tiny_run, tmp_path, *windows, "--plot", tmp_path / "b.png")
    assert (refused.code, "a picture of one recording, and here are 2. Name one." in refused.err) == (2, True)
    assert msftk("predict", tiny_run, tmp_path / "a.wav", "--plot", tmp_path / "a.txt").code == 2
