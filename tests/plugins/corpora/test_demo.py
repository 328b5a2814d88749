from __future__ import annotations

import csv
from collections import Counter, defaultdict
from importlib.resources import files
from pathlib import Path

import pytest

from msftk.interfaces import CorpusReading
from msftk.registry import registry
from msftk.speech.alignment import read_alignment
from msftk.speech.audio_file import audio_facts
from msftk.types import RatingScale

FOLDER = Path(str(files("msftk"))) / "demo"
PLANTED = Path(__file__).parents[2] / "fixtures" / "planted.csv"


@pytest.fixture(scope="module")
def reading() -> CorpusReading:
    found: CorpusReading = registry().create("corpus", "demo").read(Path())
    return found


def test_demo_says_that_its_ratings_are_planted(reading: CorpusReading) -> None:
    assert reading.facts["ratings"] == "planted on synthetic speech"
    assert (reading.name, reading.scale, reading.problems) == ("demo", RatingScale(1, 7), [])


def test_demo_is_small_and_carries_its_licences() -> None:
    audio = [audio_facts(path) for path in FOLDER.glob("audio/*.flac")]
    assert {(facts.sample_rate_hz, facts.channels) for facts in audio} == {(16_000, 1)}
    assert sum(facts.duration_s for facts in audio) <= 620
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) <= 20e6
    assert "CC0" in (FOLDER / "LICENSE-CC0-1.0.txt").read_text()
    assert "Copyright 2003-2010 Allison Smith" in (FOLDER / "LICENSE-CC-BY-SA-3.0.txt").read_text()


def test_speakers_and_words_of_a_split_are_in_no_other(reading: CorpusReading) -> None:
    speakers, stressed = defaultdict(set), defaultdict(set)
    planted = {row["id"]: row["emphasised_word"].lower() for row in csv.DictReader(PLANTED.open())}
    for utterance in reading.utterances:
        assert utterance.split is not None
        speakers[utterance.split].add(utterance.id.split("_")[1])
        stressed[utterance.split].add(planted[utterance.id])
    for groups in (speakers, stressed):
        assert sorted(groups) == ["dev", "test1", "train"]
        assert len(set.union(*groups.values())) == sum(map(len, groups.values()))


def test_each_split_holds_as_many_pleasant_as_unpleasant(reading: CorpusReading) -> None:
    planted = {row["id"]: row["valence"] for row in csv.DictReader(PLANTED.open())}
    assert set(planted) == {utterance.id for utterance in reading.utterances}
    counts = Counter((utterance.split, planted[utterance.id]) for utterance in reading.utterances)
    for split in ("train", "dev", "test1"):
        assert counts[split, "1"] == counts[split, "-1"] > 0
        assert counts[split, "0"] > 0


def test_every_alignment_can_be_read_and_holds_the_stressed_word(reading: CorpusReading) -> None:
    planted = {row["id"]: row for row in csv.DictReader(PLANTED.open())}
    aligned = [utterance for utterance in reading.utterances if utterance.alignment]
    assert len(aligned) >= 0.9 * len(reading.utterances)
    for utterance in aligned:
        assert utterance.alignment is not None
        words = read_alignment(utterance.alignment, utterance.id).spoken_words
        row = planted[utterance.id]
        assert words[int(row["emphasised_index"])] == row["emphasised_word"].lower()


def test_the_truth_is_not_in_the_package() -> None:
    assert not list(FOLDER.rglob("planted*"))
