"""What a user hands in to be predicted becomes utterances: files, folders, manifests, texts, and sound in memory."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from msftk.errors import InputError
from msftk.files import check_name, unreadable
from msftk.recipes.beside import utterance_of
from msftk.recipes.frames import is_frame, manifest_of
from msftk.recipes.sound_in_memory import waveform_of
from msftk.speech.audio_folder import audio_under
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import Float32, RatingScale, Utterance

PART = 256  # recordings that are heard together: of so many, batches are of like length
URL = re.compile(r"(https?|ftp|s3|gs):/")

Samples = tuple[NDArray[Any], int]  # samples [n] or [n, channels] and their rate in Hz


class Frame(Protocol):
    """A data frame, of whatever package."""

    @property
    def columns(self) -> Any: ...


Input = str | Path | Utterance | Manifest | Samples | bytes | BinaryIO | Frame


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


def collect(inputs: Input | Iterable[Input], alignment: Mapping[str, object] | None = None) -> Recordings:
    """All recordings of `inputs`, opened. Raises as `Listing`."""
    listing = Listing(inputs)
    return listing.opened(listing, alignment)


class Listing:
    """The recordings of `inputs` in their order, as often as one likes: listed, not opened.

    Each has an id of its own: its stem, or its path where two stems are equal. Sound in memory is called "recording 1"
    and so on, by its place. What is held does not grow with the files: folders are read again each time.

    Raises:
        InputError: an input that is not there, or is nothing that can be heard or read; two utterances of one id.
    """

    def __init__(self, inputs: Input | Iterable[Input]) -> None:
        self.inputs = [_read(one) for one in _listed(inputs)]
        ids = np.fromiter((hash(name_of(one)) for one in self), np.int64)
        values, times = np.unique(ids, return_counts=True)
        clashing = set(values[times > 1].tolist())
        self._n = len(ids)
        if not self._n:
            raise InputError("nothing to predict. Name audio files, a folder of them, or a manifest (.parquet).")
        self._alike: set[str] = set()
        known: set[str] = set()
        for one in self if clashing else ():
            if hash(name := name_of(one)) not in clashing:
                continue
            if isinstance(one, Utterance) and name in known:
                raise InputError(f"utterance id '{name}' stands there twice. Give each utterance an id of its own.")
            (self._alike if name in known else known).add(name)

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[Item]:
        seen: set[Path] = set()
        for place, one in enumerate(self.inputs, start=1):
            if isinstance(one, Manifest):
                yield from one.utterances
            elif isinstance(one, Utterance):
                yield one
            elif not isinstance(one, Path):
                yield Sound(f"recording {place}", one)
            elif len(self.inputs) == 1:
                yield from _audio_files(one)
            else:
                for path in _audio_files(one):
                    if path not in seen:
                        seen.add(path)
                        yield path

    def opened(self, items: Iterable[Item], alignment: Mapping[str, object] | None = None) -> Recordings:
        """Some of them, with what lies beside each. `alignment`: options of alignment readers, as `settings.alignment`.

        Raises InputError for sound in memory that is none.
        """
        made = Recordings()
        for one in items:
            if isinstance(one, Utterance):
                made.utterances.append(one)
            elif isinstance(one, Sound):
                made.samples[one.name] = waveform_of(one.sound, one.name)
                made.utterances.append(Utterance(id=one.name, audio=None))
            else:
                try:
                    check_name(one)
                    found = utterance_of(one, alignment, made.warnings)
                    made.utterances.append(replace(found, id=str(one)) if one.stem in self._alike else found)
                except InputError as error:
                    made.failures[str(one)] = str(error)
        return made


def in_parts(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """`PART` at a time, in their order."""
    left = iter(items)
    while part := tuple(islice(left, PART)):
        yield part


class Sound(NamedTuple):
    """Sound in memory, by its name."""

    name: str
    sound: Any


Item = Path | Utterance | Sound


def name_of(item: Item) -> str:
    """The id that a recording has where no other has it too."""
    return item.stem if isinstance(item, Path) else item.id if isinstance(item, Utterance) else item.name


def _read(one: Input) -> Path | Utterance | Manifest | Any:
    """A path for a file or a folder, a manifest or a frame as what it holds, all else as it is."""
    if isinstance(one, str) and not one:  # an unset variable of a shell; as a path it would be the folder one stands in
        raise InputError("an empty name. Name audio files, a folder of them, or a manifest (.parquet).")
    if is_frame(one):
        return manifest_of(one)
    if not isinstance(one, str | Path):
        return one
    return read_manifest(one) if Path(one).suffix == ".parquet" else Path(one)


def of_split(inputs: Sequence[Input], split: str) -> Manifest:
    """The one manifest that is given, with the utterances of one split. Raises InputError for anything else."""
    first = str(inputs[0]) if len(inputs) == 1 else ""
    if not first.endswith(".parquet"):
        raise InputError(f"--split {split}: only a manifest has splits. Name one manifest (.parquet).")
    whole = read_manifest(first)
    return replace(whole, utterances=whole.split(split))


def _listed(inputs: Input | Iterable[Input]) -> Sequence[Any]:
    """One input, or the inputs of an iterable; a pair of samples and rate is one."""
    pair = isinstance(inputs, tuple) and len(inputs) == 2 and isinstance(inputs[0], np.ndarray)
    is_one = pair or isinstance(inputs, str | Path | Utterance | Manifest | bytes | np.ndarray)
    is_one = is_one or is_frame(inputs) or hasattr(inputs, "read") or not isinstance(inputs, Iterable)
    return [inputs] if is_one else list(inputs)  # type: ignore[arg-type]


def _audio_files(path: Path) -> Iterator[Path]:
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
    if not stat.S_ISDIR(mode):
        yield path
        return
    yield from audio_under(path, "Name files or another folder.")
