"""Which words are stressed in one recording: a file, or an utterance of a corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msftk.errors import AbsentError, InputError
from msftk.files import read_text
from msftk.preparation.extract import Preparation
from msftk.prosody import emphasis_json
from msftk.prosody.figure import plot_emphasis
from msftk.recipes.beside import TEXT_SUFFIX
from msftk.recipes.emphasis_table import utterance_rows, write_table
from msftk.recipes.table_file import check_out
from msftk.registry import registry
from msftk.settings import Settings, load_settings
from msftk.speech.alignment import reader_name
from msftk.speech.alignment_files import alignment_beside
from msftk.store.features import Store
from msftk.store.memory import MemoryStore
from msftk.types import Emphasis, Float32, Float64, Utterance


@dataclass(frozen=True)
class Recording:
    """One recording and its emphasis; `waveform` [samples] at 16 kHz, `f0_hz` [frames] on the 5 ms grid.

    `aligner`: who found the words, "" where their times were given.
    """

    id: str
    waveform: Float32 = field(repr=False)
    f0_hz: Float64 = field(repr=False)
    emphasis: Emphasis
    aligner: str = ""

    def json(self) -> dict[str, Any]:
        return {**emphasis_json(self.id, self.emphasis), "aligner": self.aligner or None}

    def plot(self, path: str | Path) -> None:
        """Draws the paper's Fig. 2; the suffix says the format."""
        plot_emphasis(self.id, self.waveform, self.f0_hz, self.emphasis, Path(path))

    def write_table(self, path: str | Path) -> None:
        """Writes a row a word, as of a corpus; the suffix says the format. Raises InputError as `check_out`."""
        import pyarrow

        path = Path(path)
        check_out(path)
        rows = utterance_rows(self.id, self.emphasis)
        write_table(path, [pyarrow.Table.from_batches([rows])], {"settings": dict(self.emphasis.settings)})


def emphasise_file(
    audio: str | Path,
    alignment: str | Path | None = None,
    settings: Settings | None = None,
    tiers: Mapping[str, str] | None = None,
    transcript: str | None = None,
) -> Recording:
    """Emphasis of one recording by an alignment, None: what lies beside it; of a table its stem is read.

    Without an alignment the settings' aligner finds the words of `transcript`, None: of `STEM.txt` beside the audio.
    `tiers` are options of the alignment reader, e.g. {"phone_tier": "phone"}.

    Raises InputError: unreadable audio or alignment, no spoken word, a word after the end of the audio, a transcript
    that the aligner refuses.
    """
    audio, alignment = Path(audio), None if alignment is None else Path(alignment)
    if alignment is None and transcript is None and audio.is_file():
        alignment = alignment_beside(audio)
    settings = settings or load_settings()
    if alignment is None:
        return _aligned(audio, transcript, settings)
    named = dict(tiers or {})
    registry().options("alignment-reader", reader_name(alignment), named)  # one that the reader lacks is refused
    chosen = settings.model_copy(update={"alignment": {**settings.alignment, **named}})
    try:
        return emphasise_utterance(Utterance(audio.stem, audio, alignment=alignment), chosen, MemoryStore())
    except AbsentError as error:  # here the user named the file
        raise InputError(str(error.__cause__ or error)) from error


def _aligned(audio: Path, transcript: str | None, settings: Settings) -> Recording:
    """By the words that the aligner finds."""
    text = audio.with_suffix(TEXT_SUFFIX)
    if transcript is None and text.is_file():
        transcript = read_text(text)
    if not (transcript or "").strip():
        raise InputError(
            f"{audio}: no alignment given. Name a TextGrid or words.csv after the audio, or say by --transcript "
            f'"..." (or in {text.name}) what is said, to align it.'
        )
    try:
        return emphasise_utterance(Utterance(audio.stem, audio, transcript=transcript), settings, MemoryStore())
    except AbsentError as error:
        raise InputError(f"{audio}: {error}.") from error


def emphasise_utterance(utterance: Utterance, settings: Settings, store: Store) -> Recording:
    """Emphasis of one utterance of a corpus, its F0 read from the store, else computed and put there.

    Raises AbsentError without audio or an alignment that can be used, InputError for audio that cannot be read.
    """
    preparation = Preparation(settings.model_copy(update={"semantics": ()}), store, needs=("emphasis",))
    material = preparation.material(utterance)
    try:
        found = material.emphasis
        return Recording(utterance.id, material.waveform, material.f0_hz, found, material.alignment.aligner)
    finally:
        preparation.flush()
