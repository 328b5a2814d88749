"""What changes how a training utterance sounds."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from msftk.interfaces.component import Component, Options
from msftk.types import Float32, Float64


@dataclass(frozen=True)
class Sound:
    """What is heard of an utterance: `waveform` [n] mono at 16 kHz; `f0_hz` [frames], frame i at i * 5 ms, 0 =
    unvoiced, None where the encoder reads no F0."""

    waveform: Float32
    f0_hz: Float64 | None = None


class TransformOptions(Options):
    """Base of every transform's options."""

    probability: float = Field(1.0, ge=0, le=1, description="share of the utterances that it changes, anew each epoch")


class Transform(Component):
    """The sound of a training utterance -> how it sounds this time, built as `Class(options)`, whose `Options` inherit
    from `TransformOptions`: whom it changes is the host's to draw.

    Building raises InputError where what it reads (a folder) is not there or is broken.
    """

    options: TransformOptions

    @abstractmethod
    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        """Another sound, at least 2 samples long; the one that came in stays as it is.

        What is random comes from `random` alone, which is seeded by the run's seed, epoch, utterance and place in the
        list of transforms: threads, processes and a resumed run then hear the same. Several threads call it at once.
        Whoever changes the time axis or the pitch does so to `f0_hz` too.
        """
