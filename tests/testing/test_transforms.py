"""The contract check of transforms tells what a broken one breaks."""

from __future__ import annotations

import numpy as np
import pytest

from msftk import testing
from msftk.interfaces import Options, Sound, Transform, TransformOptions


class Same(Transform):
    """The sound as it is."""

    class Options(TransformOptions):
        """No options of its own."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        return sound


class InPlace(Same):
    """Halves the very samples that came in."""

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        sound.waveform[:] *= 0.5
        return sound


class Unseeded(Same):
    """Draws from a generator of its own."""

    own = np.random.default_rng(0)

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        return Sound(sound.waveform * np.float32(self.own.random()), sound.f0_hz)


class Wide(Same):
    """Makes float64 of float32."""

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        return Sound(np.concatenate([sound.waveform, np.zeros(1)]), sound.f0_hz)  # type: ignore[arg-type]


class Longer(Same):
    """Plays twice and leaves F0 as it was."""

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        return Sound(np.tile(sound.waveform, 2), sound.f0_hz)


class Plain(Same):
    """Options without a probability."""

    class Options(Options):  # type: ignore[assignment]
        """No options."""


def test_one_that_changes_nothing_keeps_it() -> None:
    testing.check_transform(Same)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (InPlace, "the sound that came in was changed"),
        (Unseeded, "the same random state gives another sound"),
        (Wide, r"waveform is float64 \[24001\]: expected float32"),
        (Longer, r"f0_hz has shape \[301\]: expected \[601\]"),
        (Plain, "its Options inherit from msftk.interfaces.TransformOptions"),
    ],
)
def test_a_broken_one_is_told_what_it_breaks(broken: type[Transform], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        testing.check_transform(broken)
