"""A request's body becomes a recording in a folder of its own, as `predict` reads files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any

from msftk.errors import InputError
from msftk.extras import from_extra
from msftk.recipes.beside import TEXT_SUFFIX, utterance_of
from msftk.speech.alignment import claim
from msftk.speech.audio_file import audio_facts
from msftk.types import Utterance

if TYPE_CHECKING:
    from starlette.requests import Request

STEM = "recording"
MULTIPART = "multipart/form-data"
LONGEST_NAME = 200
DECODED_BYTES = 1 << 29  # of sound that is held at once, as float32


@dataclass(frozen=True)
class Upload:
    """A recording as it came in, under an id of its own, and what its sender calls it; `n_bytes`: decoded."""

    utterance: Utterance
    name: str
    seconds: float
    n_bytes: int

    def named(self, answer: Any) -> Any:
        """JSON, or a message, in which the sender's name stands wherever the file's path stood."""
        place = Path(self.utterance.id)
        return changed(answer, lambda text: text.replace(str(place), self.name).replace(f"{place.parent}{os.sep}", ""))


def changed(answer: Any, change: Callable[[str], str]) -> Any:
    """JSON with every text in it changed."""
    if isinstance(answer, str):
        return change(answer)
    if isinstance(answer, dict):
        return {change(key): changed(value, change) for key, value in answer.items()}
    return [changed(one, change) for one in answer] if isinstance(answer, list | tuple) else answer


async def received(request: Request, folder: Path, name: str | None, transcript: str | None) -> tuple[Path, str]:
    """Writes the audio of a body into `folder`, as bytes alone or as a form's file `audio`, and returns its name.

    `transcript` and an `alignment` (a file) of the form are laid beside it.

    Raises:
        InputError: a form without audio, an alignment of a format that no reader knows, or no package that reads forms.
    """
    audio = folder / STEM
    if not request.headers.get("content-type", "").lower().startswith(MULTIPART):
        with audio.open("wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
    else:
        with from_extra("serve", "a form"):
            import python_multipart  # noqa: F401 - by which Starlette reads forms
        async with request.form(max_files=2, max_fields=2) as form:
            sound, alignment = form.get("audio"), form.get("alignment")
            if sound is None or isinstance(sound, str):
                raise InputError("a form without a file 'audio'. Send one, or the audio itself as the body.")
            _write(audio, sound.file)
            name = name or PurePath(sound.filename.replace("\\", "/")).stem if sound.filename else name
            if alignment is not None and not isinstance(alignment, str):
                _write(folder / f"{STEM}{_suffix(alignment.filename or '')}", alignment.file)
            said = form.get("transcript")
            transcript = said if isinstance(said, str) else transcript
    if transcript is not None:
        (folder / f"{STEM}{TEXT_SUFFIX}").write_text(transcript, encoding="utf-8", errors="backslashreplace")
    return audio, (name or STEM)[:LONGEST_NAME]


def examined(audio: Path, name: str, max_s: float) -> Upload:
    """Raises InputError for what is no audio, longer than `max_s`, or larger than `DECODED_BYTES`."""
    try:
        facts = audio_facts(audio, max_s)
        n_bytes = round(facts.duration_s * facts.sample_rate_hz) * facts.channels * 4
        if n_bytes > DECODED_BYTES:
            raise InputError(
                f"{name}: {n_bytes / 1e6:.0f} MB of samples, expected at most {DECODED_BYTES / 1e6:.0f}. Send fewer "
                "channels, or a lower rate."
            )
        return Upload(replace(utterance_of(audio), id=str(audio)), name, facts.duration_s, n_bytes)
    except InputError as error:
        raise InputError(str(error).replace(str(audio), name)) from error


def _suffix(filename: str) -> str:
    claimed = claim(filename)
    if claimed is None:
        raise InputError(f"alignment {PurePath(filename).name!r}: no reader knows its ending. Send a TextGrid.")
    return claimed.suffix


def _write(path: Path, file: IO[bytes]) -> None:
    with path.open("wb") as out:
        out.writelines(_blocks(file))


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(1 << 20):
        yield block
