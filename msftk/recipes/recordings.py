"""What a user hands in to be predicted becomes utterances: files, folders, manifests, texts, and sound in memory."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from msftk.counting import counted
from msftk.errors import AbsentError, InputError
from msftk.files import check_name, files_under, read_text, sha256_file, unreadable
from msftk.preparation.given import Given
from msftk.recipes.sound_in_memory import waveform_of
from msftk.speech.alignment_files import alignment_beside
from msftk.speech.audio_file import AUDIO_SUFFIXES, audio_facts
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import Float32, RatingScale, Utterance

TEXT_SUFFIX = ".txt"
URL = re.compile(r"(https?|ftp|s3|gs):/")

Samples = tuple[NDArray[Any], int]  # samples [n] or [n, channels] and their rate in Hz
Input = str | Path | Utterance | Samples | bytes | BinaryIO


@dataclass
class Recordings:
    """Utterances in the order given; `samples` [n] at 16 kHz of those that are no file, by name. `warnings`: path ->
    why its transcript cannot be read; `failures`: path -> why it cannot be heard.
    """

    utterances: list[Utterance] = field(default_factory=list)
    samples: dict[str, Float32] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.utterances) + len(self.failures)

    def only(self, name: str) -> Recordings:
        """The recording of that id by itself."""
        warnings = {path: told for path, told in self.warnings.items() if path == name}
        return Recordings([one for one in self.utterances if one.id == name], self.samples, warnings)

    def manifest(self, corpus: str) -> Manifest:
        """As a corpus that nobody rated; its scale means nothing."""
        return Manifest(corpus, RatingScale(0, 1), tuple(self.utterances))


def collect(inputs: Input | Iterable[Input] | Manifest, alignment: Mapping[str, object] | None = None) -> Recordings:
    """All recordings of `inputs`, each under an id of its own: its stem, or its path where two stems are equal.

    Sound in memory is called "recording 1" and so on, by its place. `alignment`: options of alignment readers, as
    `settings.alignment`.

    Raises:
        InputError: an input that is not there, or is nothing that can be heard or read.
    """
    if isinstance(inputs, Manifest):
        return Recordings(list(inputs.utterances))
    found: list[tuple[Utterance, Path | None]] = []
    made = Recordings()
    paths: list[Path] = []
    for place, one in enumerate(_listed(inputs), start=1):
        # an unset variable of a shell; as a path it would be the folder that one stands in
        if isinstance(one, str) and not one:
            raise InputError("an empty name. Name audio files, a folder of them, or a manifest (.parquet).")
        if isinstance(one, Utterance):
            found.append((one, None))
        elif not isinstance(one, str | Path):
            name = f"recording {place}"
            made.samples[name] = waveform_of(one, name)
            found.append((Utterance(id=name, audio=None), None))
        elif Path(one).suffix == ".parquet":
            found += [(utterance, None) for utterance in read_manifest(Path(one)).utterances]
        else:
            paths += _audio_files(Path(one))
    for path in dict.fromkeys(paths):
        try:
            check_name(path)
            found.append((utterance_of(path, alignment, made.warnings), path))
        except InputError as error:
            made.failures[str(path)] = str(error)
    times = Counter(utterance.id for utterance, _ in found)
    made.utterances = [replace(u, id=str(path)) if path and times[u.id] > 1 else u for u, path in found]
    return made


def of_split(inputs: Sequence[Input], split: str) -> list[Input]:
    """The utterances of one split of the one manifest that is given. Raises InputError for anything else."""
    first = str(inputs[0]) if len(inputs) == 1 else ""
    if not first.endswith(".parquet"):
        raise InputError(f"--split {split}: only a manifest has splits. Name one manifest (.parquet).")
    return list(read_manifest(first).split(split))


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


def _listed(inputs: Input | Iterable[Input]) -> Sequence[Input]:
    """One input, or the inputs of an iterable; a pair of samples and rate is one."""
    pair = isinstance(inputs, tuple) and len(inputs) == 2 and isinstance(inputs[0], np.ndarray)
    is_one = pair or isinstance(inputs, str | Path | Utterance | bytes | np.ndarray) or hasattr(inputs, "read")
    if is_one or not isinstance(inputs, Iterable):
        return [inputs]  # type: ignore[list-item]
    return list(inputs)  # type: ignore[arg-type]


def _audio_files(path: Path) -> list[Path]:
    if URL.match(str(path)):
        raise InputError(f"{path}: an address, not a file. Download it first, and give the path.")
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{path}: no such file or folder. Name audio files, a folder of them, or a manifest (.parquet)."
        ) from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if stat.S_ISDIR(mode):
        files = [file for file in files_under(path) if not file.name.startswith("._")]
        audio = [file for file in files if file.suffix.lower() in AUDIO_SUFFIXES]
        if not audio:
            raise InputError(
                f"{path}: no audio found (looked for {', '.join(AUDIO_SUFFIXES)}; "
                f"found {counted(len(files), 'other file')}). Name files or another folder."
            )
        return audio
    return [path]
