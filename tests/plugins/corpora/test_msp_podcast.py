from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.interfaces import CorpusReading
from msftk.registry import registry
from msftk.types import RatingScale

HEADER = "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"
ROWS = (
    "MSP-PODCAST_0001_0008.wav,N,2.200000,4.000000,2.600000,11,Male,Train\n"
    "MSP-PODCAST_0001_0019.wav,X,5.000000,3.000000,6.600000,Unknown,Unknown,Development\n"
    "MSP-PODCAST_test3_0001.wav,A,6.000000,1.000000,7.000000,12,Female,Test1\n"
)
RATERS = """MSP-PODCAST_0001_0008.wav; N; A:2.200000; V:4.000000; D:2.600000;
WORKER0000001; Neutral; Neutral,Confused; A:1.000000; V:4.000000; D:1.000000;
WORKER0000002; Happy; Happy; A:3.000000; V:4.000000; D:5.000000;

MSP-PODCAST_0001_0019.wav; X; A:5.000000; V:3.000000; D:6.600000;
WORKER0000001; Other-odd; ; A:5.000000; V:9.000000; D:1.000000;
WORKER0000003; Other-odd; ; A:5.000000; V:3.000000; D:1.000000;
WORKER0000004; ; ; A:5.000000; V:3.000000; D:1.000000;
"""


@pytest.fixture
def root(tmp_path: Path, tone: Callable[[Path], Path]) -> Path:
    root = tmp_path / "msp"
    for row in ROWS.splitlines():
        tone(root / "Audios" / row.partition(",")[0])
    for folder, name, text in (
        ("Labels", "labels_consensus.csv", HEADER + ROWS),
        ("Labels", "labels.txt", RATERS),
        ("Transcripts", "MSP-PODCAST_0001_0008.txt", "Well,\nthere you go.\n"),
        ("ForceAligned", "MSP-PODCAST_0001_0008.TextGrid", ""),
        ("Audios", "._MSP-PODCAST_0001_0008.wav", "macOS"),
        ("Transcripts", "._MSP-PODCAST_0001_0019.txt", "macOS"),
    ):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / name).write_text(text)
    return root


def read(root: Path) -> CorpusReading:
    reading: CorpusReading = registry().create("corpus", "msp-podcast").read(root)
    return reading


def test_turn_is_read_whole(root: Path) -> None:
    reading = read(root)
    assert (reading.name, reading.scale) == ("msp-podcast", RatingScale(1, 7))
    first, second, third = reading.utterances
    plain = asdict(first)
    raters = plain.pop("rater_ratings")
    assert plain == {
        "id": "MSP-PODCAST_0001_0008",
        "audio": root / "Audios/MSP-PODCAST_0001_0008.wav",
        "start_s": None,
        "end_s": None,
        "speaker": "11",
        "gender": "male",
        "language": "en",
        "transcript": "Well, there you go.",
        "transcript_by": None,
        "alignment": root / "ForceAligned/MSP-PODCAST_0001_0008.TextGrid",
        "split": "train",
        "session": None,
        "ratings": {"valence": 4.0, "arousal": 2.2, "dominance": 2.6},
        "category": "neutral",
        "duration_s": None,
        "audio_sha256": None,
        "channel": None,
        "audio_stamp": None,
    }
    assert [rater["rater"] for rater in raters] == ["WORKER0000001", "WORKER0000002"]
    assert raters[0]["ratings"] == {"valence": 4.0, "arousal": 1.0, "dominance": 1.0}
    assert [rater["category"] for rater in raters] == ["neutral", "happy"]
    assert (second.speaker, second.gender, second.category, second.transcript, second.alignment) == (None,) * 5
    assert (second.split, third.split) == ("dev", "test1")
    assert [rater.category for rater in second.rater_ratings or ()] == ["other", None]


def test_facts_say_what_was_found(root: Path) -> None:
    assert read(root).facts == {
        "labels": "Labels/labels_consensus.csv",
        "audio": "Audios",
        "raters": "Labels/labels.txt",
        "splits": "Development, Test1, Train",
        "without transcript": "2",
        "without alignment": "2",
        "without speaker": "1",
        "without ratings": "0",
        "without agreed category": "1",
    }


@pytest.mark.parametrize("audio", ["Audios", "Audio"])
@pytest.mark.parametrize("folder", ["Labels", "Labels/Labels"])
@pytest.mark.parametrize("name", ["labels_consensus", "labels_concensus"])
@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("split", ["Development", "Validation"])
def test_every_spelling_reads_alike(root: Path, audio: str, folder: str, name: str, form: str, split: str) -> None:
    expected = [asdict(utterance) for utterance in read(root).utterances]
    (root / "Audios").rename(root / audio)
    text = (HEADER + ROWS).replace("Development", split)
    (root / "Labels/labels_consensus.csv").unlink()
    (root / folder).mkdir(exist_ok=True)
    if form == "json":
        rows = {row.pop("FileName"): row for row in csv.DictReader(text.splitlines())}
        numbers = {k: r | {c: float(r[c]) for c in ("EmoVal", "EmoAct", "EmoDom")} for k, r in rows.items()}
        text = json.dumps(numbers)
    (root / folder / f"{name}.{form}").write_text(text)
    (root / "Labels/labels.txt").rename(root / folder / "labels.txt")
    reading = read(root)
    found = [asdict(utterance) for utterance in reading.utterances]
    for one in expected:
        one["audio"] = root / audio / one["audio"].name
    assert found == expected
    assert reading.facts["labels"] == f"{folder}/{name}.{form}"
    assert reading.facts["audio"] == audio
    assert split in reading.facts["splits"]


@pytest.mark.parametrize("name", ["Partition.txt", "Partitions.txt"])
def test_partition_gives_the_splits_where_labels_do_not(root: Path, name: str, tone: Callable[[Path], Path]) -> None:
    rows = [line.rpartition(",")[0] for line in (HEADER + ROWS).splitlines()]
    (root / "Labels/labels_consensus.csv").write_text("\n".join(rows))
    tone(root / "Audios/MSP-PODCAST_test3_0002.wav")
    (root / name).write_text(
        "Train; MSP-PODCAST_0001_0008.wav\nValidation; MSP-PODCAST_0001_0019.wav\n"
        "Test1; MSP-PODCAST_test3_0001.wav\nTest3; MSP-PODCAST_test3_0002.wav\n"
    )
    reading = read(root)
    assert [utterance.split for utterance in reading.utterances] == ["train", "dev", "test1", "test3"]
    assert reading.utterances[-1].ratings is None  # Test3: in the partition, without labels
    assert reading.facts["partition"] == name
    assert reading.facts["without ratings"] == "1"


def test_bad_rows_are_listed_and_skipped(root: Path) -> None:
    bad = (
        "MSP-PODCAST_0001_0008.wav,N,2.2,4.0,2.6,11,Male,Train\nMSP-PODCAST_0009_0009.wav,N,2.2,4.0,2.6,11,Male,Train\n"
    )
    rows = ROWS.replace("5.000000,3.000000", "5.000000,good").replace("6.000000,1.000000", "6.000000,0.000000")
    labels = root / "Labels/labels_consensus.csv"
    labels.write_text(HEADER + rows + bad)
    reading = read(root)
    assert [utterance.id for utterance in reading.utterances] == ["MSP-PODCAST_0001_0008"]
    assert list(reading.problems) == [
        f"{root}/Labels/labels.txt:6: V is 9, outside the rating scale 1 to 7. Correct the row or remove it.",
        f"{labels}:3: EmoVal is 'good', expected a number from 1 to 7. Correct the row or remove it.",
        f"{labels}:4: EmoVal is 0, outside the rating scale 1 to 7. Correct the row or remove it.",
        f"{labels}:5: 'MSP-PODCAST_0001_0008.wav' stands there twice (first: {labels}:2). Remove one row.",
        f"{labels}:6: no audio file of 'MSP-PODCAST_0009_0009'. Add it to the corpus, or remove the row.",
    ]


def test_other_folder_is_refused_with_what_is_inside(root: Path) -> None:
    with pytest.raises(
        InputError, match=r"Transcripts: no labels \(looked for Labels/labels_consensus\.csv, .+; found: MSP"
    ):
        read(root / "Transcripts")
    (root / "Audios").rename(root / "Sounds")
    with pytest.raises(
        InputError, match=r"msp: no audio \(looked for Audios, Audio; found: .*Sounds.*\)\. Give the top"
    ):
        read(root)
    with pytest.raises(InputError, match=r"gone: no such folder\. Give the folder that holds Labels and Audios\."):
        read(root / "gone")


def test_label_file_without_a_column_names_those_found(root: Path) -> None:
    (root / "Labels/labels_consensus.csv").write_text(HEADER.replace("EmoVal", "Val") + ROWS)
    with pytest.raises(
        InputError, match=r"labels_consensus\.csv: no column 'EmoVal' \(found: FileName, EmoClass, EmoAct, V"
    ):
        read(root)


def test_broken_json_is_refused(root: Path) -> None:
    (root / "Labels/labels_consensus.csv").unlink()
    (root / "Labels/labels_consensus.json").write_text("[1, 2]")
    with pytest.raises(InputError, match=r"labels_consensus\.json: holds a JSON list, expected an object\. Take the"):
        read(root)


def test_a_transcript_in_an_older_encoding_costs_no_rated_turn(root: Path) -> None:
    path = root / "Transcripts/MSP-PODCAST_0001_0008.txt"
    path.write_bytes("It\u2019s a caf\xe9.".encode("cp1252"))
    reading = read(root)
    assert (reading.utterances[0].id, reading.utterances[0].transcript) == ("MSP-PODCAST_0001_0008", None)
    assert reading.problems == read(root).problems
    assert reading.facts["kept without a file that cannot be read"] == (
        f"1, the first: {path}:1: byte 0x92 is not UTF-8 (Latin-1 or Windows-1252?). Save it as UTF-8."
    )


def test_a_folder_that_is_not_there_is_named_beside_those_that_are(root: Path) -> None:
    (root / "ForceAligned").rename(root / "Forced_Aligned")
    reading = read(root)
    assert reading.facts["missing"] == "ForceAligned (found: Audios, Forced_Aligned, Labels, Transcripts)"
    assert reading.utterances[0].alignment is None
    (root / "Forced_Aligned").rename(root / "forcealigned")
    assert read(root).utterances[0].alignment == root / "forcealigned/MSP-PODCAST_0001_0008.TextGrid"
    assert "missing" not in read(root).facts


def test_files_of_other_endings_are_no_audio_transcript_or_alignment(root: Path) -> None:
    for name in ("Audios/MSP-PODCAST_0001_0008.txt", "Transcripts/MSP-PODCAST_0001_0008.zip"):
        (root / name).write_text("")
    (root / "ForceAligned/MSP-PODCAST_0001_0008.lab").write_text("")
    first = read(root).utterances[0]
    assert (first.audio, first.transcript) == (root / "Audios/MSP-PODCAST_0001_0008.wav", "Well, there you go.")
    assert first.alignment == root / "ForceAligned/MSP-PODCAST_0001_0008.TextGrid"
    (root / "Audios/MSP-PODCAST_0001_0008.flac").write_text("")
    assert "several audio files of 'MSP-PODCAST_0001_0008'" in read(root).problems[-1]


def test_audio_that_no_row_names_is_counted(root: Path) -> None:
    assert "audio without a row" not in read(root).facts
    (root / "Audios" / "MSP-PODCAST_9999_0001.wav").touch()
    assert read(root).facts["audio without a row"] == "1"
