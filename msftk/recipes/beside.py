"""An audio file with what lies beside it: its transcript and its alignment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from msftk.errors import AbsentError, InputError
from msftk.files import read_text, sha256_file
from msftk.preparation.given import Given
from msftk.speech.alignment_files import alignment_beside
from msftk.speech.audio_file import audio_facts
from msftk.types import Utterance

TEXT_SUFFIX = ".txt"


def utterance_of(
    audio: Path, options: Mapping[str, object] | None = None, warnings: dict[str, str] | None = None
) -> Utterance:
    """An audio file with what lies beside it: `STEM.txt` is its transcript, `STEM.TextGrid` (or what another alignment
    reader claims) its alignment.

    A text file (.txt) by itself is an utterance without audio, for a model of text. `options` are those of alignment
    readers.

    A `words.csv` (with `phones.csv`) in the same folder or the one above is its alignment where it lists STEM. An
    alignment without a transcript gives the transcript by its words. Of a transcript that cannot be read, `warnings`
    gets the message.
    """
    if audio.suffix.lower() == TEXT_SUFFIX:
        return Utterance(id=audio.stem, audio=None, transcript=read_text(audio).strip() or None)
    alignment = alignment_beside(audio)
    transcript = _transcript_beside(audio, {} if warnings is None else warnings)
    found = Utterance(
        id=audio.stem,
        audio=audio,
        transcript=transcript,
        alignment=alignment,
        duration_s=audio_facts(audio).duration_s,
        audio_sha256=sha256_file(audio),
    )
    if transcript is None:
        with suppress(AbsentError):  # whoever needs the alignment tells why it cannot be used
            return replace(found, transcript=" ".join(Given(found, options or {}).alignment.spoken_words) or None)
    return found


def _transcript_beside(audio: Path, warnings: dict[str, str]) -> str | None:
    text = audio.with_suffix(TEXT_SUFFIX)
    try:
        return read_text(text).strip() or None if text.is_file() else None
    except InputError as error:
        warnings[str(audio)] = str(error)
        return None
