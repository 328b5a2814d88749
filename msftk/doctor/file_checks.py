"""Checks of what lies behind a manifest: audio, transcripts and alignments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msftk.doctor.files import FileFacts, ids_where
from msftk.doctor.findings import Finding, first_of
from msftk.interfaces import Need
from msftk.preparation.given import NO_ALIGNMENT
from msftk.registry import registry
from msftk.store.manifest import Manifest
from msftk.types import SAMPLE_RATE_HZ, Utterance

MANY = 0.05  # of a part: losing more than this to bad files changes what is trained on


def check_files(manifest: Manifest, files: Mapping[str, FileFacts], seconds_kept: float) -> Iterator[Finding]:
    """What the files tell: audio, its form and length, transcripts, alignments."""
    yield from _unusable_audio(manifest, files)
    yield from _sound(manifest.utterances, files)
    yield from _length(manifest.utterances, seconds_kept)
    yield from _texts(manifest.utterances, files)
    yield from _alignments(manifest.utterances, files)


def _unusable_audio(manifest: Manifest, files: Mapping[str, FileFacts]) -> Iterator[Finding]:
    everyone = manifest.utterances
    for name, what, remedy in (
        ("missing", "audio files are missing", "Restore them, or prepare the corpus again from where it lies now."),
        ("unreadable", "audio files cannot be read", "Convert or replace them, then prepare again."),
    ):
        bad = ids_where(files, everyone, name)
        if not bad:
            continue
        lost = Counter(u.split for u in everyone if u.id in set(bad))
        sizes = Counter(u.split for u in everyone)
        hit = [f"{split or 'no split'} ({n} of {sizes[split]})" for split, n in lost.items() if n > MANY * sizes[split]]
        text = f"{len(bad)} {what}, their utterances are left out" + (f"; too many of {', '.join(hit)}" if hit else "")
        yield Finding(
            "error" if hit else "warning",
            "audio",
            text,
            remedy,
            first_of(f"{one}: {getattr(files[one], name)}" for one in bad),
        )
    if changed := ids_where(files, everyone, "is_changed"):
        yield Finding(
            "error",
            "audio",
            f"{len(changed)} audio files changed since they were prepared: what is stored belongs to the old sound",
            "Run msftk prepare again; it hashes what changed.",
            first_of(changed),
        )
    if silent := ids_where(files, everyone, "is_silent"):
        yield Finding(
            "warning", "audio", f"{len(silent)} recordings hold zeros alone", "Leave them out.", first_of(silent)
        )


def _sound(utterances: Sequence[Utterance], files: Mapping[str, FileFacts]) -> Iterator[Finding]:
    known = {u.id: facts for u in utterances if (facts := files[u.id].audio)}
    mixed = [u.id for u in utterances if u.id in known and known[u.id].channels > 1 and u.channel is None]
    if mixed:
        yield Finding(
            "note",
            "sound",
            f"{len(mixed)} of {len(known)} are stereo: the mean of the channels is heard, also where one is silent",
            examples=first_of(mixed),
        )
    if loud := ids_where(files, utterances, "is_far_too_loud"):
        yield Finding(
            "warning",
            "sound",
            f"{len(loud)} are far beyond full scale: whole numbers written as floats?",
            "Divide their samples by 32768, or export them again.",
            first_of(loud),
        )
    rates = Counter(facts.sample_rate_hz for facts in known.values())
    for rate_hz, n in sorted(rates.items()):
        if rate_hz < SAMPLE_RATE_HZ:
            text = f"{n} of {len(known)} have {rate_hz} Hz: nothing above {rate_hz // 2} Hz is there to hear"
            yield Finding("warning", "sound", text, "Use the original recordings, if there are any.")
        elif rate_hz > SAMPLE_RATE_HZ:
            yield Finding("note", "sound", f"{n} of {len(known)} have {rate_hz} Hz: resampled when read")


def _length(utterances: Sequence[Utterance], seconds_kept: float) -> Iterator[Finding]:
    if long := [u.id for u in utterances if (u.duration_s or 0) > seconds_kept]:
        yield Finding(
            "note",
            "length",
            f"{len(long)} last longer than {seconds_kept:g} s: the rest is not heard (data.seconds_kept)",
            examples=first_of(long),
        )


def _texts(utterances: Sequence[Utterance], files: Mapping[str, FileFacts]) -> Iterator[Finding]:
    bare = [u for u in utterances if "transcript" in files[u.id].absent]
    yield from _without([u.id for u in bare], len(utterances), "transcript", _absent("transcript"))
    if silent := [u.id for u in bare if u.audio is None]:
        text = f"{len(silent)} have neither audio nor text"
        yield Finding("error", "transcripts", text, "Leave them out.", first_of(silent))


def _alignments(utterances: Sequence[Utterance], files: Mapping[str, FileFacts]) -> Iterator[Finding]:
    with_audio = [u for u in utterances if u.audio is not None]
    bare = [u.id for u in with_audio if files[u.id].absent.get("alignment") == NO_ALIGNMENT]
    yield from _without(bare, len(with_audio), "alignment", _absent("emphasis"))
    if gone := ids_where(files, with_audio, "no_alignment"):
        yield Finding(
            "warning", "alignments", f"{len(gone)} alignment files are missing", "Restore them.", first_of(gone)
        )
    if bad := ids_where(files, with_audio, "bad_alignment"):
        yield Finding(
            "warning",
            "alignments",
            f"{len(bad)} alignments cannot be used: {_absent('emphasis')}",
            "Correct them, or align again.",
            first_of(f"{one}: {files[one].bad_alignment}" for one in bad),
        )
    if wordless := [u.id for u in with_audio if files[u.id].n_words == 0]:
        yield Finding("warning", "alignments", f"{len(wordless)} alignments hold no word", examples=first_of(wordless))
    if late := ids_where(files, with_audio, "past_end_s"):
        yield Finding(
            "warning",
            "alignments",
            f"{len(late)} have words after the end of their audio: {_absent('emphasis')}",
            "Are their times counted from the start of a longer recording? Align again.",
            first_of(f"{one}: {files[one].past_end_s:.2f} s late" for one in late),
        )


def _absent(need: Need) -> str:
    """Which semantic sources cannot do without it."""
    sources = [plugin.name for plugin, source in registry().loaded("semantic-source") if need in source.needs]
    return f"{' and '.join(sources)} {'is' if len(sources) == 1 else 'are'} absent"


def _without(bare: Sequence[str], n: int, what: str, absent: str) -> Iterator[Finding]:
    """Some lack it: good to know, and who; all lack it: perhaps it lies elsewhere."""
    if bare and len(bare) == n:
        yield Finding("warning", f"{what}s", f"no utterance has one: {absent}")
    elif bare:
        yield Finding("note", f"{what}s", f"{len(bare)} without {what}: {absent}", examples=first_of(bare))
