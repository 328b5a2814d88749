"""IEMOCAP as its tree stands on disk: five sessions, each with dialogues of two actors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from msftk import interfaces
from msftk.counting import counted
from msftk.errors import InputError
from msftk.files import read_text
from msftk.interfaces import CorpusReading
from msftk.tables import Row
from msftk.types import RaterRating, RatingScale, Utterance

SCALE = RatingScale(1, 5)
SESSIONS = tuple(f"Session{number}" for number in range(1, 6))
ORDER = {"valence": "V", "arousal": "A", "dominance": "D"}  # [V, A, D] of a turn
OF_RATER = {"valence": "val", "arousal": "act", "dominance": "dom"}
TURN = re.compile(r"\[(?P<times>[^\]]*)\]\s+(?P<id>\S+)\s+(?P<category>\S+)\s+\[(?P<vad>[^\]]*)\]")
RATER = re.compile(r"(?P<of>[AC])-(?P<rater>E\d+):(?P<given>.*)")  # A-F1, C-M1 are the actors' own reports
GIVEN = re.compile(r"(val|act|dom)\s*([^;\s]*)\s*;")  # "dom  ;": left blank
SAID = re.compile(r"(?P<id>Ses\w+)\s*\[[^\]]*\]\s*:\s*(?P<text>.*)")
CATEGORIES = {  # of a turn, and how a rater's word begins (Neutral state, Surprised); xxx, no agreement, is absent
    "neu": "neutral",
    "hap": "happy",
    "ang": "angry",
    "sad": "sad",
    "exc": "excited",
    "fru": "frustrated",
    "fea": "fear",
    "sur": "surprise",
    "dis": "disgust",
    "oth": "other",
}


class Iemocap(interfaces.Corpus):
    """Ratings (V, A, D from 1 to 5), raters, transcripts and Sphinx alignments of IEMOCAP; a turn is an utterance.

    Some raters gave V, A, D (A-E3), some a class (C-E2), some both; of several that one named the first class is read.
    The speaker is the session with the letter of the last part of the id; the letter after the session says who wears
    the markers. Turns have no split: train with `--folds session`. A turn without agreed category (xxx), transcript or
    alignment is kept; one without audio, or with ratings off the scale, is a problem.
    """

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Iemocap.Options) -> None:
        self.options = options

    def read(self, root: Path) -> CorpusReading:
        problems: list[str] = []
        utterances: dict[str, Utterance] = {}
        sessions = _sessions(root)
        for session in sessions:
            spoken = dict(_transcripts(session / "dialog" / "transcriptions"))
            for file in _texts(session / "dialog" / "EmoEvaluation"):
                for place, utterance in _turns(file, session, spoken, problems):
                    if utterance.id in utterances:
                        problems.append(f"{place}: '{utterance.id}' stands there twice. Remove one of them.")
                    utterances.setdefault(utterance.id, utterance)
        found = list(utterances.values())
        missing = [name for name in SESSIONS if name not in {session.name for session in sessions}]
        if unlabelled := sorted({path.stem for one in sessions for path in _recordings(one)} - utterances.keys()):
            missing.append(f"usable labels of {counted(len(unlabelled), 'recording')} (the first: {unlabelled[0]})")
        facts = {"missing": ", ".join(missing)} if missing else {}
        return CorpusReading("iemocap", found, SCALE, facts | _facts(found), problems)


def _sessions(root: Path) -> list[Path]:
    """Session1 to Session5 under the root, or under IEMOCAP_full_release in it."""
    for folder in (root, root / "IEMOCAP_full_release"):
        if found := sorted(path for path in folder.glob("Session?") if (path / "dialog" / "EmoEvaluation").is_dir()):
            return found
    raise InputError(
        f"{root}: no Session1/dialog/EmoEvaluation. Give the folder that holds Session1 to Session5 of IEMOCAP."
    )


def _recordings(session: Path) -> Iterator[Path]:
    return (path for path in (session / "sentences" / "wav").glob("*/*.wav") if not path.name.startswith("."))


def _texts(folder: Path) -> list[Path]:
    """Text files of a folder itself (its subfolders hold single raters); "._*" are leavings of macOS."""
    return sorted(path for path in folder.glob("*.txt") if not path.name.startswith("."))


def _transcripts(folder: Path) -> Iterator[tuple[str, str]]:
    """Id and text; other lines, and sounds between turns (ids with XX), say nothing that was rated."""
    for file in _texts(folder):
        for line in _lines(file):
            turn = SAID.fullmatch(line)
            if turn and "XX" not in turn["id"] and (text := turn["text"].strip()):
                yield turn["id"], text


def _turns(
    file: Path, session: Path, spoken: Mapping[str, str], problems: list[str]
) -> Iterator[tuple[str, Utterance]]:
    """Place and utterance of every turn of one dialogue, with the raters in the lines below it."""
    current: tuple[str, Utterance] | None = None
    raters: dict[str, RaterRating] = {}
    for number, line in enumerate([*_lines(file), "["], 1):
        place = f"{file}:{number}"
        try:
            if line.startswith("["):
                if current:
                    yield current[0], replace(current[1], rater_ratings=tuple(raters.values()) or None)
                current, raters = None, {}
                if line != "[":
                    current = place, _utterance(place, line, session, spoken)
            elif (row := RATER.match(line)) and current:
                name, given = row["rater"], row["given"]
                if row["of"] == "C":
                    said: dict[str, Any] = {"category": _named(given)}
                else:
                    said = {"ratings": Row(place, dict(GIVEN.findall(given))).ratings(OF_RATER, SCALE)}
                raters[name] = replace(raters.get(name, RaterRating(name, {})), **said)
        except InputError as error:
            problems.append(str(error))


def _named(given: str) -> str | None:
    """The class in "Anger; Frustration; (whiny)": the first; one in words of the rater's own is another one."""
    word = given.partition(";")[0].strip()
    return CATEGORIES.get(word[:3].lower(), "other") if word else None


def _utterance(place: str, line: str, session: Path, spoken: Mapping[str, str]) -> Utterance:
    """Raises InputError for a line in another form, a rating off the scale, or missing audio."""
    turn = TURN.fullmatch(line)
    values = [value.strip() for value in turn["vad"].split(",")] if turn else []
    if turn is None or len(values) != 3:
        raise InputError(
            f"{place}: found '{line}', expected [start - end], id, category and [V, A, D]. Correct the line."
        )
    name = turn["id"]
    dialogue, _, last = name.rpartition("_")
    audio = session / "sentences" / "wav" / dialogue / f"{name}.wav"
    if not audio.is_file():
        raise InputError(f"{place}: no audio file {audio}. Add it to the corpus, or remove the turn.")
    alignment = session / "sentences" / "ForcedAlignment" / dialogue / f"{name}.wdseg"
    return Utterance(
        id=name,
        audio=audio,
        speaker=name[:5] + last[0],
        gender={"F": "female", "M": "male"}.get(last[0]),
        language="en",
        transcript=spoken.get(name),
        alignment=alignment if alignment.is_file() else None,
        session=session.name,
        ratings=Row(place, dict(zip("VAD", values, strict=True))).ratings(ORDER, SCALE) or None,
        category=CATEGORIES.get(turn["category"]),
    )


def _lines(file: Path) -> list[str]:
    """Lines without the blanks around them; a byte that is no UTF-8 (an old accent) becomes a mark."""
    return [line.strip() for line in read_text(file, lenient=True).split("\n")]


def _facts(utterances: list[Utterance]) -> dict[str, str]:
    blank = sum(0 < len(one.ratings) < len(OF_RATER) for u in utterances for one in u.rater_ratings or ())
    counts = {
        "without transcript": sum(u.transcript is None for u in utterances),
        "without alignment": sum(u.alignment is None for u in utterances),
        "without agreed category": sum(u.category is None for u in utterances),
        "ratings with a blank": blank,
    }
    return {"splits": "none; use --folds session", "clusters": "session"} | {k: str(n) for k, n in counts.items()}
