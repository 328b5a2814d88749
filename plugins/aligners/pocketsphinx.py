"""English words and phones by pocketsphinx, whose models come in its package: no download, no card."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.errors import AbsentError, InputError, RefusedError
from msftk.extras import from_extra
from msftk.files import sha256_file
from msftk.speech.alignment import make_alignment, make_tier
from msftk.speech.transcript import words_of
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32
from msftk_plugins.aligners.pronunciations import read_pronunciations

FRAME_S = 0.01
WIDE = {"beam": 1e-120, "pbeam": 1e-120, "wbeam": 1e-120}  # for what the default beams (1e-48) lose on the way
ENGLISH = ("en", "eng", "english")
FILLERS = ("<", "[")  # <sil>, [NOISE]


class Segment(NamedTuple):
    """A word, filler or phone in 10 ms frames; `score` is the sum over them. Pocketsphinx's own entries die with their
    alignment."""

    name: str
    start: int
    duration: int
    score: int
    phones: tuple[Segment, ...] = ()


class PocketSphinx(interfaces.Aligner):
    """Words and phones (ARPAbet) of English speech, with the acoustic model and the dictionary of pocketsphinx.

    Two passes: the words, then the phones inside them. Beams too narrow for an utterance are opened once. The score of
    a word is its mean acoustic score a 10 ms frame; that of all words together must reach `least_score`, or the text is
    refused: a wrong text, too, is fitted somewhere. benchmarks/alignment.py measures right and wrong ones.
    """

    class Options(interfaces.Options):
        least_score: float = Field(
            -35.0, allow_inf_nan=False, description="mean acoustic score a 10 ms frame under which a text is refused"
        )
        dictionary: interfaces.Place | None = Field(
            None, description='pronunciations beside the built-in ones, a line each: "msftk EH M EH S EH F T IY K EY"'
        )

    def __init__(self, options: PocketSphinx.Options) -> None:
        self.options = options
        self.dictionary = Path(options.dictionary) if options.dictionary else None
        self.pronunciations = read_pronunciations(self.dictionary) if self.dictionary else {}
        self._own = threading.local()  # a decoder serves one thread

    def identity(self) -> Mapping[str, str]:
        try:
            package = version("pocketsphinx")
        except PackageNotFoundError:
            package = ""
        file = {"dictionary": f"sha256:{sha256_file(self.dictionary)}"} if self.dictionary else {}
        return {"pocketsphinx": package, **file}

    def align(self, waveform: Float32, sample_rate_hz: int, transcript: str, language: str | None = None) -> Alignment:
        """Raises RefusedError: a word that is not in the dictionary, a text that does not fit; AbsentError: another
        language, no package."""
        assert sample_rate_hz == SAMPLE_RATE_HZ
        if language is not None and language.lower().partition("-")[0] not in ENGLISH:
            raise AbsentError(f"pocketsphinx aligns English, not '{language}'")
        words = words_of(transcript)
        if not words:
            raise RefusedError("no words", "the transcript has no words.")
        known = [self._known(word) for word in words]
        if unknown := [word for word, pieces in zip(words, known, strict=True) if not pieces]:
            named = ", ".join(f"'{word}'" for word in dict.fromkeys(unknown))
            raise RefusedError(
                "words not in the dictionary",
                f"not in the dictionary: {named}. Spell out numbers; give the pronunciation of other words by --set "
                "aligner.dictionary=FILE.",
            )
        samples = (np.clip(waveform, -1, 1) * 32767).astype(np.int16).tobytes()
        text = " ".join(piece for pieces in known for piece in pieces)
        segments = self._segments(samples, text, {}) or self._segments(samples, text, WIDE)
        if segments is None:
            raise RefusedError("the text does not fit the sound", "no path through the sound says this text.")
        said = [segment for segment in segments if not segment.name.startswith(FILLERS)]
        score = sum(segment.score for segment in said) / sum(segment.duration for segment in said)
        if score < self.options.least_score:
            raise RefusedError(
                "the text does not fit the sound",
                f"mean score {score:.1f} a frame, at least {self.options.least_score:g} expected. Correct the "
                "transcript, or lower --set aligner.least_score.",
            )
        return _alignment(words, [len(pieces) for pieces in known], said)

    def _known(self, word: str) -> list[str]:
        """What the dictionary knows the word by: itself, or the parts between its hyphens; nothing where one lacks."""
        spelt = word.lower().replace("’", "'")
        decoder = self._decoder({})
        for pieces in ([spelt], [piece for piece in spelt.split("-") if piece]):
            if all(decoder.lookup_word(piece) for piece in pieces):
                return pieces
        return []

    def _segments(self, samples: bytes, text: str, beams: Mapping[str, float]) -> list[Segment] | None:
        """Words and fillers with their phones, None where no path survives the beams."""
        decoder = self._decoder(beams)
        try:
            decoder.set_align_text(text)
            _hear(decoder, samples)
            if decoder.hyp() is None:
                return None
            decoder.set_alignment()  # the second pass: phones and states inside these words
            _hear(decoder, samples)
            found = decoder.get_alignment()
        except RuntimeError:  # a search that ends before the text does
            return None
        return None if found is None else [_segment(word, tuple(map(_segment, word))) for word in found.words()]

    def _decoder(self, beams: Mapping[str, float]) -> Any:
        """This thread's decoder with these beams, loaded when it is first wanted."""
        name = "wide" if beams else "default"
        if not hasattr(self._own, name):
            setattr(self._own, name, self._load(beams))
        return getattr(self._own, name)

    def _load(self, beams: Mapping[str, float]) -> Any:
        try:
            with from_extra("align", "aligner 'pocketsphinx'"):
                from pocketsphinx import Decoder
        except InputError as missing:
            raise AbsentError("pocketsphinx is not installed: pip install 'msftk[align]'") from missing
        # bestpath: its search through a word lattice fails for a third of all files
        decoder = Decoder(lm=None, bestpath=False, cmn="batch", loglevel="FATAL", **beams)
        for word, phones in self._entries(decoder):
            try:
                decoder.add_word(word, phones)
            except RuntimeError as error:
                raise InputError(
                    f"{self.dictionary}: '{word.partition('(')[0]}' cannot be said as '{phones}'. Use the 39 phones of "
                    "CMUdict without stress marks, such as HH AH L OW."
                ) from error
        return decoder

    def _entries(self, decoder: Any) -> Iterator[tuple[str, str]]:
        """Each pronunciation under a name of its own: the first of a word that is not built in by the word itself."""
        for word, pronunciations in self.pronunciations.items():
            for phones in pronunciations:
                name, number = word, 1
                while decoder.lookup_word(name):
                    number += 1
                    name = f"{word}({number})"
                yield name, " ".join(phones)


def _segment(entry: Any, phones: tuple[Segment, ...] = ()) -> Segment:
    return Segment(entry.name, entry.start, entry.duration, entry.score, phones)


def _hear(decoder: Any, samples: bytes) -> None:
    """One pass over the whole utterance, as if it were the decoder's first."""
    decoder.reinit_feat()  # its means and noise levels follow what was heard before
    decoder.start_utt()
    try:
        if samples:
            decoder.process_raw(samples, full_utt=True)
    finally:
        decoder.end_utt()


def _alignment(words: tuple[str, ...], pieces: list[int], said: list[Segment]) -> Alignment:
    """The transcript's words, each of so many `pieces` of the search."""
    left = iter(said)
    of_word = [[next(left) for _ in range(n)] for n in pieces]
    first, last = [own[0] for own in of_word], [own[-1] for own in of_word]
    phones = [phone for own in of_word for segment in own for phone in segment.phones]
    scores = [sum(s.score for s in own) / sum(s.duration for s in own) for own in of_word]
    made = make_alignment(
        make_tier(_starts_s(first), _ends_s(last), words),
        make_tier(_starts_s(phones), _ends_s(phones), [phone.name for phone in phones]),
        "aligned by pocketsphinx",
    )
    return Alignment(made.words, made.phones, made.source, "pocketsphinx", np.array(scores))


def _starts_s(entries: list[Segment]) -> list[float]:
    return [entry.start * FRAME_S for entry in entries]


def _ends_s(entries: list[Segment]) -> list[float]:
    return [(entry.start + entry.duration) * FRAME_S for entry in entries]
