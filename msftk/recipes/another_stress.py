"""What a model would predict if another word of a recording were stressed: as the text tells it, and in the sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from msftk.cores import cores
from msftk.errors import InputError
from msftk.models.hearing import Hearing
from msftk.preparation.extract import Preparation
from msftk.preparation.material import Material
from msftk.prosody.resynthesis import Piece, Takes, times_of
from msftk.recipes.answered import Answered
from msftk.recipes.contributions import Values
from msftk.recipes.ensemble import Ensemble
from msftk.recipes.predict_result import values_of
from msftk.runs.ahead import MOST_READERS, Ahead
from msftk.types import Alignment, Float64, Tier


@dataclass(frozen=True)
class MovedStress:
    """`values`: the prediction with the stress on each word, `control` that of the sound put together unchanged.

    `cuts`: what was heard for each word, cut from `takes`.
    """

    control: Values
    values: list[Values]
    takes: Takes
    cuts: list[tuple[Piece, ...]]


def reads_stress(preparation: Preparation) -> bool:
    """Whether a source asks which words are stressed."""
    return any("emphasis" in (*part.needs, *part.optional) for part in preparation.parts.sources)


def told_of(
    ensemble: Ensemble,
    preparations: tuple[Preparation, ...],
    heard: Material,
    hearing: Hearing,
) -> list[Values]:
    """The prediction with each word in turn taken for the stressed one, the sound as it is.

    `heard`: the recording as emphasis hears it; `hearing`: of the networks that have heard it.
    """
    utterance = heard.utterance
    samples = None if utterance.audio else {utterance.id: heard.waveform}

    def with_stress_on(place: int) -> Values:
        alignments = {utterance.id: replace(heard.fitting_alignment, stressed=place)}
        return _value(
            ensemble.predict([utterance], preparations, hearing=hearing, samples=samples, alignments=alignments)
        )

    return _each(with_stress_on, len(heard.emphasis.score))


def moved_in_sound(ensemble: Ensemble, preparations: tuple[Preparation, ...], heard: Material) -> MovedStress:
    """The prediction with the stress moved to each word, in the sound and as the text tells it.

    Raises InputError where the model hears nothing, WORLD is not installed, or the sound cannot be used.
    """
    if ensemble.seconds_kept is None:
        raise InputError("the model reads no sound")
    found, alignment = heard.emphasis, heard.fitting_alignment
    takes = Takes.of(heard.waveform, heard.f0_hz)
    plain = replace(
        heard.utterance, audio=None, start_s=None, end_s=None, alignment=None, audio_sha256=None, duration_s=None
    )
    cuts = [takes.pieces(found.prosody, found.top, place) for place in range(len(found.score))]

    def with_stress_on(place: int) -> Values:
        samples = {plain.id: takes.joined(cuts[place])}
        alignments = {plain.id: replace(_moved(alignment, *times_of(cuts[place])), stressed=place)}
        return _value(ensemble.predict([plain], preparations, samples=samples, alignments=alignments))

    values = _each(with_stress_on, len(cuts))
    return MovedStress(values[found.top], values, takes, cuts)


def _each(with_stress_on: Callable[[int], Values], n: int) -> list[Values]:
    """Word by word, on all cores; each keeps the recording's own id, by which a describer may know it."""
    with Ahead(with_stress_on, range(n), min(MOST_READERS, cores())) as said:
        return list(said)


def _value(answered: Answered) -> Values:
    for message in answered.failures.values():
        raise InputError(message)
    (values,) = values_of(answered.predictions)
    return values


def _moved(alignment: Alignment, old_s: Float64, new_s: Float64) -> Alignment:
    def moved(tier: Tier) -> Tier:
        start_s, end_s = (np.interp(times_s, old_s, new_s) for times_s in (tier.start_s, tier.end_s))
        return replace(tier, start_s=start_s, end_s=end_s)

    return replace(alignment, words=moved(alignment.words), phones=moved(alignment.phones))
