"""Checks of what lies behind a manifest: audio, transcripts and alignments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from msftk.counting import counted
from msftk.doctor.files import Examined
from msftk.doctor.findings import Finding, first_of
from msftk.interfaces import Need
from msftk.registry import registry
from msftk.settings import Settings
from msftk.store.columns import given, ids_of, values_of
from msftk.store.manifest import Manifest
from msftk.types import SAMPLE_RATE_HZ, Bool, Utterance

MANY = 0.05  # of a part: losing more than this to bad files changes what is trained on


def check_files(manifest: Manifest, files: Examined, settings: Settings) -> Iterator[Finding]:
    """What the files tell: audio, its form and length, transcripts, alignments."""
    ids, has_audio = ids_of(manifest.utterances), given(manifest.utterances, "audio")
    yield from _unusable_audio(manifest, ids, files)
    yield from _sound(manifest.utterances, ids, files)
    yield from _length(manifest.utterances, ids, settings.data.seconds_kept)
    yield from _texts(ids, has_audio, files, _absent("transcript", settings))
    yield from _alignments(ids, has_audio, files, _absent("emphasis", settings))


def _unusable_audio(manifest: Manifest, ids: Sequence[str], files: Examined) -> Iterator[Finding]:
    for name, one, many, remedy in (
        ("missing", "file is missing", "files are missing", "Restore what is missing, or prepare again."),
        ("unreadable", "file cannot be read", "files cannot be read", "Convert or replace it, then prepare again."),
    ):
        bad = files.rows_where(name)
        if not bad:
            continue
        hit = _parts_hit(manifest, bad)
        yield Finding(
            "error" if hit else "warning",
            "audio",
            f"{counted(len(bad), f'audio {one}', f'audio {many}')}: left out"
            + (f"; too many of {', '.join(hit)}" if hit else ""),
            remedy,
            first_of(f"{ids[row]}: {files.wrong[name][row]}" for row in bad),
        )
    if changed := _ids_where(files, "is_changed", ids):
        since = "changed since it was prepared", "changed since they were prepared"
        text = counted(len(changed), f"audio file {since[0]}", f"audio files {since[1]}")
        yield Finding(
            "error",
            "audio",
            f"{text}: what is stored belongs to the old sound",
            "Run msftk prepare again; it hashes what changed.",
            first_of(changed),
        )
    if silent := _ids_where(files, "is_silent", ids):
        text = counted(len(silent), "recording holds zeros alone", "recordings hold zeros alone")
        yield Finding("warning", "audio", text, "Leave out what is silent.", first_of(silent))


def _parts_hit(manifest: Manifest, bad: Sequence[int]) -> list[str]:
    """Splits that lose too many."""
    splits = values_of(manifest.utterances, "split")
    lost, sizes = Counter(splits[row] for row in bad), Counter(splits)
    return [f"{split or 'no split'} ({n} of {sizes[split]})" for split, n in lost.items() if n > MANY * sizes[split]]


def _sound(utterances: Sequence[Utterance], ids: Sequence[str], files: Examined) -> Iterator[Finding]:
    n_known = int(np.count_nonzero(files.channels))
    mixed = np.flatnonzero((files.channels > 1) & ~given(utterances, "channel")).tolist()
    if mixed:
        are = f"{len(mixed)} of {n_known} {'is' if len(mixed) == 1 else 'are'}"
        yield Finding(
            "note",
            "sound",
            f"{are} stereo: the mean of the channels is heard, also where one is silent",
            examples=first_of(ids[row] for row in mixed),
        )
    if loud := _ids_where(files, "is_far_too_loud", ids):
        yield Finding(
            "warning",
            "sound",
            f"{counted(len(loud), 'is', 'are')} far beyond full scale: whole numbers written as floats?",
            "Divide the samples by 32768, or export them again.",
            first_of(loud),
        )
    rates, counts = np.unique(files.sample_rates_hz[files.sample_rates_hz > 0], return_counts=True)
    for rate_hz, n in zip(rates.tolist(), counts.tolist(), strict=True):
        have = f"{n} of {n_known} {'has' if n == 1 else 'have'} {rate_hz} Hz"
        if rate_hz < SAMPLE_RATE_HZ:
            text = f"{have}: nothing above {rate_hz // 2} Hz is there to hear"
            yield Finding("warning", "sound", text, "Use the original recordings, if there are any.")
        elif rate_hz > SAMPLE_RATE_HZ:
            yield Finding("note", "sound", f"{have}: resampled when read")


def _length(utterances: Sequence[Utterance], ids: Sequence[str], seconds_kept: float) -> Iterator[Finding]:
    lengths_s = values_of(utterances, "duration_s")
    if long := [one for one, length_s in zip(ids, lengths_s, strict=True) if (length_s or 0) > seconds_kept]:
        yield Finding(
            "note",
            "length",
            f"{counted(len(long), 'lasts', 'last')} longer than {seconds_kept:g} s: the rest is not heard "
            "(data.seconds_kept)",
            examples=first_of(long),
        )


def _texts(ids: Sequence[str], has_audio: Bool, files: Examined, absent: str) -> Iterator[Finding]:
    bare = files.rows_where("no_transcript")
    yield from _without([ids[row] for row in bare], len(ids), "transcript", absent)
    if nothing := [ids[row] for row in bare if not has_audio[row]]:
        text = f"{counted(len(nothing), 'has', 'have')} neither audio nor text"
        yield Finding("error", "transcripts", text, "Leave out what has neither.", first_of(nothing))


def _alignments(ids: Sequence[str], has_audio: Bool, files: Examined, absent: str) -> Iterator[Finding]:
    bare, gone, bad, wordless, late = (
        [row for row in files.rows_where(name) if has_audio[row]]
        for name in ("is_unaligned", "no_alignment", "bad_alignment", "is_wordless", "past_end_s")
    )
    yield from _without([ids[row] for row in bare], int(has_audio.sum()), "alignment", absent)
    if gone:
        text = counted(len(gone), "alignment file is missing", "alignment files are missing")
        yield Finding("warning", "alignments", text, "Restore what is missing.", first_of(ids[row] for row in gone))
    if bad:
        yield Finding(
            "warning",
            "alignments",
            f"{counted(len(bad), 'alignment')} cannot be used: {absent}",
            "Correct what cannot be used, or align again.",
            first_of(f"{ids[row]}: {files.wrong['bad_alignment'][row]}" for row in bad),
        )
    if wordless:
        text = counted(len(wordless), "alignment holds no word", "alignments hold no word")
        yield Finding("warning", "alignments", text, examples=first_of(ids[row] for row in wordless))
    if late:
        words = "has words after the end of its audio", "have words after the end of their audio"
        yield Finding(
            "warning",
            "alignments",
            f"{counted(len(late), *words)}: {absent}",
            "Are the times counted from the start of a longer recording? Align again.",
            first_of(f"{ids[row]}: {files.wrong['past_end_s'][row]:.2f} s late" for row in late),
        )


def _ids_where(files: Examined, name: str, ids: Sequence[str]) -> list[str]:
    return [ids[row] for row in files.rows_where(name)]


def _absent(need: Need, settings: Settings) -> str:
    """Which of the chosen semantic sources cannot do without it."""
    chosen = {name: registry().get("semantic-source", name).load() for name in settings.semantics}
    sources = [name for name, source in chosen.items() if need in source.needs]
    if not sources:
        return "no source that is chosen reads it"
    return f"{' and '.join(sources)} {'is' if len(sources) == 1 else 'are'} absent"


def _without(bare: Sequence[str], n: int, what: str, absent: str) -> Iterator[Finding]:
    """Some lack it: good to know, and who; all lack it: perhaps it lies elsewhere."""
    if bare and len(bare) == n:
        yield Finding("warning", f"{what}s", f"no utterance has one: {absent}")
    elif bare:
        yield Finding("note", f"{what}s", f"{len(bare)} without {what}: {absent}", examples=first_of(bare))
