"""What reads files that people and aligners made: audio, tables, alignments, a csv corpus, a manifest."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from fuzz.frame import target

from msftk.registry import registry
from msftk.speech.alignment import read_alignment
from msftk.speech.audio import load_audio
from msftk.speech.audio_file import audio_facts
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.types import RatingScale, Utterance

SIZES = (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\x01\x00\x00\x00", b"\x7f\xff\xff\xff")


def _sounds() -> list[bytes]:
    samples = 0.1 * np.sin(np.arange(3_000) / 10)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("wav", "flac", "mp3", "ogg", "aiff", "au", "caf", "w64"):
            path = Path(folder) / f"a.{ending}"
            soundfile.write(path, np.stack([samples, samples], axis=1), 16_000)
            found.append(path.read_bytes())
    return found


def _manifest() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.parquet"
        ones = (
            Utterance(f"u{i}", Path(f"/a/{i}.wav"), speaker="s", ratings={"valence": i / 10}, split="train")
            for i in range(10)
        )
        write_manifest(Manifest("c", RatingScale(0, 1), tuple(ones), {"a": "b"}), path)
        return path.read_bytes()


@target(".wav", _sounds(), SIZES)
def audio(path: Path) -> None:
    audio_facts(path)
    load_audio(path)
    load_audio(path, 0.05, 0.1)


CTM = b"u1 A 0.10 0.26 red 0.9\n;; a comment\nu1 A 0.39 0.22 boat\nu1 A 0.65 0.20 left\n"
NUMBERS = (b"1e400", b"-1e-7", b"9" * 5_000, b"1e308", b"-0", b"0.1e", b"NaN", b"Infinity")


@target(".ctm", [CTM], NUMBERS)
def ctm(path: Path) -> None:
    read_alignment(path)


WORDS = b"id,start,end,word\nu1,0.1,0.3,red\nu1,0.3,0.6,boat\n"
MFA = b"Begin,End,Label,Type,Speaker\n0.1,0.3,red,words,anna\n0.1,0.2,R,phones,anna\n0.3,0.6,boat,words,anna\n"


@target(".csv", [WORDS, WORDS.replace(b",", b";"), MFA, WORDS.decode().encode("utf-16")], (*NUMBERS, b'"', b"id", b"|"))
def words_table(path: Path) -> None:
    read_alignment(path)


TIERS = {"words": {"type": "interval", "entries": [[0.1, 0.3, "red"], [0.3, 0.6, "boat"]]}}
PHONES = {"phones": {"type": "interval", "entries": [[0.1, 0.2, "R"], [0.2, 0.3, "D"]]}}
GENTLE_WORD = {"word": "red", "start": 0.1, "end": 0.3, "phones": [{"phone": "r_B", "duration": 0.1}]}
JSON = [
    {"start": 0, "end": 1, "tiers": TIERS | PHONES},
    {"tiers": [{"name": "words", "class": "IntervalTier", "entries": [[0, 1, "a"]]}]},
    {"segments": [{"text": "red", "words": [{"word": "red", "start": 0.1, "end": 0.3}, {"word": "7"}]}]},
    {"transcript": "red", "words": [GENTLE_WORD, {"word": "boat", "case": "not-found-in-audio"}]},
]


@target(
    ".json",
    [json.dumps(one).encode() for one in JSON],
    (*NUMBERS, b"[" * 2_000, rb'"\ud800"', rb'"\u0000"', b"null", b"true", b"{}", b"[]", b'""'),
)
def mfa_json(path: Path) -> None:
    read_alignment(path)


SPHINX = (
    b"\t SFrm  EFrm   SegAScr Word\n    0    17   -31922 <s>\n   18    42   -80499 RUDE(2)\n Total score:   -112421\n"
)


@target(".wdseg", [SPHINX], NUMBERS)
def sphinx(path: Path) -> None:
    read_alignment(path)


TABLE = (
    b"id,file,start,end,speaker,gender,text,split,valence,arousal,dominance\n"
    b'u1,a.wav,0 days 00:00:00.1,0.5,s1,f,"go, home",train,1,2,3\nu2,b.wav,,,nan,M,NA,dev,,4.5,\n'
)


@target(".csv", [TABLE, TABLE.replace(b",", b"\t")], (*NUMBERS, b"../", b"\xc3\xa9", b"Unknown", b"2 days 00:00:01"))
def csv_corpus(path: Path) -> None:
    registry().create("corpus", "csv", {"scale": (1, 5)}).read(path)


@target(".parquet", [_manifest()], SIZES)
def manifest(path: Path) -> None:
    read_manifest(path)
