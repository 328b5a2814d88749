"""A recording that is longer than a model hears at once: windows that cover it, each with the words said in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from msftk.errors import InputError, MsftkError
from msftk.preparation.material import Material
from msftk.recipes.emphasis_work import duration_s
from msftk.recipes.recordings import Recordings
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32, Tier, Utterance

SHORTEST_HOP_S = 0.01


@dataclass
class Windows:
    """A row a window: the utterance that it is, the recording that it is of, and where it lies, in s from the start.

    `weights`: seconds that a window adds to those before it, so that each second of a recording counts once.
    """

    utterances: list[Utterance] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)
    end_s: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    samples: dict[str, Float32] = field(default_factory=dict)
    alignments: dict[str, Alignment] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)

    @property
    def recording_of(self) -> dict[str, str]:
        """Id of a window -> id of its recording."""
        return {window.id: name for window, name in zip(self.utterances, self.recordings, strict=True)}

    @property
    def lengths_s(self) -> dict[str, float]:
        """Id of a recording -> its length in s."""
        return dict(zip(self.recordings, self.end_s, strict=True))

    def by_recording(self) -> list[list[Utterance]]:
        """The windows of each recording."""
        found: dict[str, list[Utterance]] = {}
        for window, name in zip(self.utterances, self.recordings, strict=True):
            found.setdefault(name, []).append(window)
        return list(found.values())

    def only(self, recording: str) -> Windows:
        """The windows of one recording."""
        warnings = {name: told for name, told in self.warnings.items() if name == recording}
        own = Windows(samples=self.samples, alignments=self.alignments, warnings=warnings)
        rows = zip(self.utterances, self.recordings, self.start_s, self.end_s, self.weights, strict=True)
        for row in rows:
            if row[1] == recording:
                own.add(*row)
        return own

    def failures(self, failed: Mapping[str, str]) -> dict[str, str]:
        """Messages by window become messages by recording where all of its windows failed."""
        told: dict[str, str] = {}
        for own, name in zip(self.by_recording(), dict.fromkeys(self.recordings), strict=True):
            messages = {window.id: failed[window.id] for window in own if window.id in failed}
            told |= {name: messages[own[0].id]} if len(messages) == len(own) else messages
        return told

    def add(self, utterance: Utterance, recording: str, start_s: float, end_s: float, weight: float) -> None:
        self.utterances.append(utterance)
        self.recordings.append(recording)
        self.start_s.append(start_s)
        self.end_s.append(end_s)
        self.weights.append(weight)


def windows_of(
    recordings: Recordings,
    window_s: float | None,
    hop_s: float | None,
    material: Callable[[Utterance, Float32 | None], Material],
) -> Windows:
    """Windows of `window_s`, one each `hop_s` (None: back to back); what is no longer than one stays as it is.

    The last window ends with the recording and is as long as the others. `window_s` None: a model that hears no sound.
    A window's alignment and transcript are the words whose middle lies in it; without an alignment that can be used,
    given or made, each window has the transcript of the whole. `material`: what is known of a whole recording.
    """
    made = Windows()
    for utterance in recordings.utterances:
        samples, length_s = _sound(recordings, utterance)
        if window_s is None or length_s <= window_s:
            if samples is not None:
                made.samples[utterance.id] = samples
            made.add(utterance, utterance.id, 0.0, length_s, 1.0)
            continue
        bounds = window_bounds(length_s, window_s, hop_s or window_s)
        _add_windows(made, utterance, samples, length_s, bounds, material(utterance, samples))
    return made


def stretch_of(
    recordings: Recordings,
    start_s: float | None,
    end_s: float | None,
    heard_s: float | None,
    material: Callable[[Utterance, Float32 | None], Material],
) -> Windows:
    """One window: the one recording, or of it what lies from `start_s` to `end_s` (None: to where one hears at once).

    Raises InputError for a part that is not within the recording, or longer than `heard_s` (None: no sound is heard).
    """
    (utterance,) = recordings.utterances
    samples, length_s = _sound(recordings, utterance)
    longest_s = math.inf if heard_s is None else heard_s
    if start_s is None and end_s is None:
        if length_s > longest_s:
            raise InputError(
                f"{utterance.id}: {length_s:.1f} s, longer than the {longest_s:g} s that are heard at once. "
                f"Name a part of it: --start 0 --end {longest_s:g}."
            )
        return windows_of(recordings, None, None, material)
    first_s = start_s or 0.0
    last_s = min(length_s, first_s + longest_s) if end_s is None else end_s
    if not 0 <= first_s < last_s <= length_s or last_s - first_s > longest_s:
        most = "" if heard_s is None else f", {heard_s:g} s at most"
        raise InputError(f"--start {first_s:g} --end {last_s:g}: expected a part of 0 to {length_s:.2f} s{most}.")
    made = Windows()
    _add_windows(made, utterance, samples, length_s, [(first_s, last_s)], material(utterance, samples))
    return made


def _sound(recordings: Recordings, utterance: Utterance) -> tuple[Float32 | None, float]:
    """Its samples where they are no file, and its length in s."""
    samples = recordings.samples.get(utterance.id)
    return samples, duration_s(utterance) if samples is None else len(samples) / SAMPLE_RATE_HZ


def _add_windows(
    made: Windows,
    utterance: Utterance,
    samples: Float32 | None,
    length_s: float,
    bounds: Sequence[tuple[float, float]],
    whole: Material,
) -> None:
    alignment = _alignment(whole, length_s, made.warnings)
    covered_s = 0.0
    for start_s, end_s in bounds:
        own = _cut(utterance, start_s, end_s)
        if alignment is not None:
            inside = words_within(alignment, start_s, end_s)
            own = replace(own, transcript=" ".join(inside.spoken_words) or None, transcript_by=whole.transcript_by)
            if inside.spoken_words:
                made.alignments[own.id] = inside
        if samples is not None:
            made.samples[own.id] = samples[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]
        made.add(own, utterance.id, start_s, end_s, end_s - covered_s)
        covered_s = end_s


def _cut(utterance: Utterance, start_s: float, end_s: float) -> Utterance:
    first_s = utterance.start_s or 0.0
    return replace(
        utterance,
        id=f"{utterance.id} [{start_s:g}-{end_s:g} s]",
        start_s=first_s + start_s,
        end_s=first_s + end_s,
        duration_s=end_s - start_s,
        alignment=None,
    )


def check_window(window_s: float | None, hop_s: float | None, heard_s: float | None) -> None:
    """Raises InputError for windows that a model which hears `heard_s` at once (None: nothing) cannot be given."""
    if window_s is None:
        if hop_s is not None:
            raise InputError(f"--hop {hop_s:g}: goes with --window. Name both, e.g. --window 8 --hop 4.")
        return
    if heard_s is None:
        raise InputError(f"--window {window_s:g}: this model reads texts and hears no sound. Leave it out.")
    if not 0 < window_s <= heard_s:
        raise InputError(
            f"--window {window_s:g}: expected more than 0 and at most {heard_s:g} s, what this model hears."
        )
    if hop_s is not None and not SHORTEST_HOP_S <= hop_s <= window_s:
        raise InputError(
            f"--hop {hop_s:g}: expected {SHORTEST_HOP_S:g} to {window_s:g} s, the window: a longer one leaves gaps."
        )


def window_bounds(length_s: float, window_s: float, hop_s: float) -> list[tuple[float, float]]:
    """Start and end of each window, in s; the last one ends at `length_s`.

    >>> window_bounds(20.0, 8.0, 4.0)
    [(0.0, 8.0), (4.0, 12.0), (8.0, 16.0), (12.0, 20.0)]
    >>> window_bounds(9.0, 8.0, 8.0)
    [(0.0, 8.0), (1.0, 9.0)]
    """
    n_before = math.ceil((length_s - window_s) / hop_s - 1e-9)
    starts = [round(k * hop_s, 6) for k in range(n_before)]
    return [*((start, round(start + window_s, 6)) for start in starts), (round(length_s - window_s, 6), length_s)]


def words_within(alignment: Alignment, start_s: float, end_s: float) -> Alignment:
    """Words and phones whose middle lies in a window, in s from its start, cut at its edges."""
    words, phones = (_within(tier, start_s, end_s) for tier in (alignment.words, alignment.phones))
    return replace(alignment, words=words, phones=phones, word_scores=None, stressed=None)


def _within(tier: Tier, start_s: float, end_s: float) -> Tier:
    middle = (tier.start_s + tier.end_s) / 2
    inside = (start_s <= middle) & (middle < end_s)
    return Tier(
        np.clip(tier.start_s[inside], start_s, end_s) - start_s,
        np.clip(tier.end_s[inside], start_s, end_s) - start_s,
        tuple(label for label, is_inside in zip(tier.labels, inside, strict=True) if is_inside),
        tier.spoken[inside],
    )


def _alignment(whole: Material, length_s: float, warnings: dict[str, str]) -> Alignment | None:
    """Of the whole recording, None where it has none that can be used; `warnings` then says why."""
    try:
        return whole.alignment_within(length_s)
    except MsftkError:  # that its audio cannot be read is told of its windows
        if whole.warnings:
            warnings[whole.utterance.id] = " ".join(whole.warnings.values())
        return None
