"""The values that travel between rooms: utterances, ratings, alignments, emphasis, descriptions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from msftk.errors import InputError

ATTRIBUTES = ("valence", "arousal", "dominance")
SAMPLE_RATE_HZ = 16_000  # LEMf and every acoustic encoder here are defined at this rate

Float64 = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RatingScale:
    """The corpus' rating scale, e.g. 1..7; models are trained on the unit scale 0..1."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InputError(f"rating scale {self.low:g}..{self.high:g}: expected two finite numbers, low below high.")

    @classmethod
    def read(cls, text: str, what: str) -> RatingScale:
        """The scale that a text like 1..7 tells; InputError, beginning with `what` it is, for any other text."""
        low, _, high = text.partition("..")
        try:
            return cls(float(low), float(high))
        except ValueError:
            raise InputError(f"{what} {text}: expected lowest and highest rating. Write e.g. 1..5.") from None

    def to_unit(self, rating_raw: Float64) -> Float64:
        """Corpus scale -> 0..1, any shape."""
        return (rating_raw - self.low) / (self.high - self.low)

    def from_unit(self, rating_unit: Float64) -> Float64:
        """0..1 -> corpus scale, any shape; values outside 0..1 are kept, not clipped."""
        return rating_unit * (self.high - self.low) + self.low

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}"


@dataclass(frozen=True, slots=True)
class RaterRating:
    """One person's ratings of one utterance on the corpus scale; an attribute that was left blank is missing.

    `category`: the class that this person named, in the words of `Utterance.category`.
    """

    rater: str
    ratings: Mapping[str, float]
    category: str | None = None


@dataclass(frozen=True, slots=True)
class AudioStamp:
    """Size and time of an audio file when it was hashed: while both stay the same, so does the hash."""

    n_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> AudioStamp:
        facts = path.stat()
        return cls(facts.st_size, facts.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance of a corpus. What is absent is None, never "" or NaN.

    `audio` and `alignment` are paths; an utterance of a text corpus has no audio. `alignment` names a file that an
    alignment reader opens (a table of many utterances is read with `id`). `start_s`/`end_s` cut a segment out of
    `audio`; None means from the start / to the end. `channel` (0 = left) is the one to hear; None means the mean of
    all. `ratings` maps attribute -> value on the corpus scale. `audio_sha256` is the hash of the whole audio file,
    taken when the file looked like `audio_stamp`. `transcript_by` says who wrote a transcript that the corpus did not
    come with: "asr: whisper-large-v3".
    """

    id: str
    audio: Path | None
    start_s: float | None = None
    end_s: float | None = None
    speaker: str | None = None
    gender: str | None = None
    language: str | None = None
    transcript: str | None = None
    alignment: Path | None = None
    split: str | None = None
    session: str | None = None
    ratings: Mapping[str, float] | None = None
    rater_ratings: Sequence[RaterRating] | None = None
    category: str | None = None
    duration_s: float | None = None
    audio_sha256: str | None = None
    channel: int | None = None
    audio_stamp: AudioStamp | None = None
    transcript_by: str | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """Labelled intervals, columnar: `start_s`, `end_s` [n]; `spoken` [n] is False for silence, filler, noise."""

    start_s: Float64
    end_s: Float64
    labels: tuple[str, ...]
    spoken: Bool

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Alignment:
    """Words and phones of one utterance, in seconds from the start of its audio, ordered by start.

    Words may touch, leave gaps and overlap a little (TIMIT shares a phone between two words). A phone belongs to the
    word that holds its centre. `aligner`: who made it, "" where it was given; then `word_scores` [words] says how well
    each fits the sound, in the aligner's own measure (larger is better). `stressed`: the spoken word that is taken
    for the stressed one, whatever it sounds like; None: the scorer finds it.
    """

    words: Tier
    phones: Tier
    source: str = ""
    aligner: str = ""
    word_scores: Float64 | None = None
    stressed: int | None = None

    @property
    def spoken_words(self) -> tuple[str, ...]:
        """Labels of the words proper, in order: the words that `WordProsody` and `Emphasis` count."""
        return tuple(label for label, spoken in zip(self.words.labels, self.words.spoken, strict=True) if spoken)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordFeatures:
    """What is measured of each word (paper Sec. 2.2): every array is [words].

    `log_f0`, `log_f0_min`: log of the largest and of the smallest F0 in Hz, NaN where unvoiced. `energy`: mean frame L2
    norm, linear.
    `phone_duration_s`: mean phone duration; where the word has no phone, word duration / letters, and
    `guessed_duration` is True.
    `z_*`: z-scores within the sentence (Eq. 1); 0 where the feature does not vary or the word is unvoiced.
    """

    log_f0: Float64
    log_f0_min: Float64
    energy: Float64
    phone_duration_s: Float64
    guessed_duration: Bool
    z_pitch: Float64
    z_energy: Float64
    z_duration: Float64


@dataclass(frozen=True, slots=True, kw_only=True)
class WordProsody(WordFeatures):
    """The words of one utterance with their times and features, each [n_words]."""

    words: tuple[str, ...]
    start_s: Float64
    end_s: Float64
    voiced: Bool


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Which words of one utterance are stressed: `score` [n_words] (Eq. 2), the top word, and the emphasis segment.

    `first` and `last` are word indices, both inside the segment; `settings` names the scorer and its options.
    """

    prosody: WordProsody
    score: Float64
    top: int
    first: int
    last: int
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def segment_text(self) -> str:
        return " ".join(self.prosody.words[self.first : self.last + 1])


GIVEN = "given"  # who made a transcript or an alignment that came with the recording


class TimedWord(NamedTuple):
    """A word with its place in the audio, in s."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a transcriber heard. `engine`: which model wrote it; `words` have times where the engine tells them.

    `language` is a code ("en") where the engine knows it.
    """

    text: str
    engine: str
    language: str | None = None
    words: tuple[TimedWord, ...] = ()

    @property
    def made_by(self) -> str:
        """What every report says of it: never taken for a transcript that was given."""
        return f"asr: {self.engine}"


DESCRIPTION_FIELDS = ("free_emotion", "constrained_emotion", "explanation", "scenario", "paralinguistics", "gender")


@dataclass(frozen=True, slots=True)
class Description:
    """The six fields of the paper's Table 1 as an audio-language model (or a measurement) filled them.

    An absent field is None. `status` is "ok" or why there is no description, and begins with "failed" where another
    try may give one; `raw_text` is the model's last answer; `note` what it did not hear of the utterance.
    """

    free_emotion: str | None = None
    constrained_emotion: str | None = None
    explanation: str | None = None
    scenario: str | None = None
    paralinguistics: str | None = None
    gender: str | None = None
    backend: str = ""
    prompt_fingerprint: str = ""
    raw_text: str = ""
    status: str = "ok"
    note: str = ""

    @property
    def failed(self) -> bool:
        return self.status.startswith("failed")
