"""A corpus of 24 short tones by six "speakers" in three sessions, with ratings that follow pitch and loudness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from msftk.files import sha256_file
from msftk.settings import Settings, load_settings
from msftk.store.manifest import Manifest
from msftk.types import SAMPLE_RATE_HZ, RaterRating, RatingScale, Utterance

SPLITS = {"s1": "train", "s2": "train", "s3": "train", "s4": "dev", "s5": "test", "s6": "test"}
SECONDS = 0.9
TINY = (
    "text.name=hashing",
    "aligner.name=none",
    "text.dim=16",
    "acoustic.channels=8",
    "acoustic.layers=1",
    "head.hidden=8",
    "training.epochs=4",
    "training.batch=8",
    "training.micro_batch=4",
)


def tiny_settings(*assignments: str, **flags: object) -> Settings:
    """Settings of a network that trains in a second."""
    return load_settings("tiny", None, (*TINY, *assignments), flags, environment={})


def small_corpus(folder: Path) -> Manifest:
    """Writes 24 WAV files with a word and phone table beside them; one lacks a transcript, two an alignment."""
    random = np.random.default_rng(0)
    words, phones, utterances = ["id,start,end,word"], ["id,start,end,phone"], []
    for place, speaker in enumerate(SPLITS):
        for number in range(4):
            name = f"{speaker}_{number}"
            pitch_hz, loudness = 110 + 15 * place + 25 * number, 0.04 * (1 + (number * 3 + place) % 5)
            soundfile.write(folder / f"{name}.wav", _tone(pitch_hz, loudness, random), SAMPLE_RATE_HZ)
            for k, word in enumerate(("please", "stop", ("now", "here")[number % 2])):
                words.append(f"{name},{k * 0.3:.1f},{(k + 1) * 0.3:.1f},{word}")
                phones.append(f"{name},{k * 0.3:.1f},{(k + 1) * 0.3:.1f},AH")
            ratings = {"valence": 1.0 + number, "arousal": 1 + 20 * loudness, "dominance": 1 + (place + number) / 2}
            utterances.append(
                Utterance(
                    name,
                    folder / f"{name}.wav",
                    speaker=speaker,
                    session=f"session{place // 2 + 1}",
                    split=SPLITS[speaker],
                    transcript=None if name == "s1_0" else f"please stop {('now', 'here')[number % 2]}",
                    alignment=None if name in ("s1_0", "s4_1") else folder / "words.csv",
                    ratings=ratings,
                    rater_ratings=tuple(RaterRating(f"r{k}", _shifted(ratings, k - 1)) for k in range(3)),
                    category=("calm", "excited")[number % 2],
                    duration_s=SECONDS,
                    audio_sha256=sha256_file(folder / f"{name}.wav"),
                )
            )
    (folder / "words.csv").write_text("\n".join(words))
    (folder / "phones.csv").write_text("\n".join(phones))
    return Manifest("tones", RatingScale(1, 7), tuple(utterances), {"ratings": "made up for tests"})


def _tone(pitch_hz: float, loudness: float, random: np.random.Generator) -> np.ndarray:
    t = np.arange(round(SECONDS * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = sum(np.sin(2 * np.pi * k * pitch_hz * t) / k for k in range(1, 6))
    return loudness * np.where((t > 0.3) & (t < 0.6), 2.0, 1.0) * sound + random.normal(0, 1e-4, len(t))


def _shifted(ratings: dict[str, float], by: int) -> dict[str, float]:
    return {attribute: float(np.clip(value + by, 1, 7)) for attribute, value in ratings.items()}
