"""RAVDESS, EmoDB and EmoTale in small trees of the published form, made of recordings that may be shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tones import voice

import msftk
from msftk.errors import InputError
from msftk.interfaces import CorpusReading
from msftk.recipes.prepare import prepare
from msftk.registry import registry
from msftk.speech.audio import load_utterance
from msftk.store.manifest import read_manifest
from msftk.testing import check_corpus
from msftk.types import RaterRating, RatingScale
from msftk_plugins.corpora.acted import category_ratings

PROMPT = Path(msftk.__file__).parent / "demo" / "prompts" / "audio" / "invalid.flac"
DEMONSTRATION = "demonstration labels (category-derived, not ratings)"
ANNOTATIONS = """file,a1_A,a1_V,a1_D,a1_cat,a2_A,a2_V,a2_D,a2_cat,gt_emotion
EN_001_A_2.wav,4.0,1.5,4.5,A,5.0,2.5,3.5,A,A
DK_001_S_1.wav,2.0,2.0,,S,1.0,1.0,1.0,S,S
DK_008_H_1.wav,4.0,4.0,4.0,H,4.0,4.0,4.0,H,H
DK_001_N_9.wav,7.0,3.0,3.0,N,3.0,3.0,3.0,N,N
DK_001_N_5.wav,3.0,3.0,3.0,N,3.0,3.0,3.0,N,N
"""
README = """| *No.*  | *Danish sentence*  | *English sentence* |
| ------ | ------  | ------ |
| 1. | _En sætning._ | _One frigde._ |
| 2. | _To sætninger._ | _Two sentences._ |
"""


def read(corpus: str, root: Path, **options: object) -> CorpusReading:
    reading: CorpusReading = registry().create("corpus", corpus, options).read(root)
    return reading


def plant(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROMPT, root / name)
    return root


@pytest.fixture
def ravdess(tmp_path: Path) -> Path:
    return plant(
        tmp_path / "ravdess",
        "Actor_01/03-01-05-01-02-01-01.flac",
        "Actor_02/03-01-03-02-01-02-02.flac",
        "Actor_02/03-01-02-01-01-01-02.flac",  # calm
        "Actor_02/03-02-03-01-01-01-02.flac",  # sung
        "copy/Actor_01/03-01-05-01-02-01-01.flac",
        "Actor_01/._03-01-05-01-02-01-01.flac",
    )


def test_ravdess_reads_everything_from_the_name(ravdess: Path) -> None:
    reading = read("ravdess", ravdess)
    assert (reading.scale, reading.problems) == (RatingScale(-1, 1), ())
    first, second = reading.utterances
    assert (first.id, first.speaker, first.gender) == ("03-01-03-02-01-02-02", "02", "female")
    assert (first.transcript, first.category) == ("Kids are talking by the door.", "happiness")
    assert first.ratings == {"valence": 0.81, "arousal": 0.51, "dominance": 0.46}
    assert (second.speaker, second.gender, second.category) == ("01", "male", "anger")
    assert second.transcript == "Dogs are sitting by the door."
    check_corpus("ravdess", ravdess)


def test_ravdess_says_that_its_labels_are_no_ratings_and_what_is_left_out(ravdess: Path) -> None:
    facts = read("ravdess", ravdess).facts
    assert facts["ratings"] == DEMONSTRATION
    assert facts["left out (calm)"] == "1"
    assert facts["left out (not speech alone)"] == "1"
    assert facts["copies not read"] == "1"


def test_category_values_are_those_of_the_table() -> None:
    values = category_ratings()
    assert sorted(values) == sorted(
        ["anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    )
    assert values["sadness"] == {"valence": -0.63, "arousal": -0.27, "dominance": -0.33}
    assert values["neutral"] == {"valence": 0, "arousal": 0, "dominance": 0}


def test_emodb_reads_everything_from_the_name(tmp_path: Path) -> None:
    root = plant(tmp_path, "wav/03a01Fa.flac", "wav/16b10Lb.flac", "wav/notes.flac")
    first, second = read("emodb", root).utterances
    assert (first.id, first.speaker, first.gender, first.language) == ("03a01Fa", "03", "male", "de")
    assert (first.category, first.transcript) == ("happiness", "Der Lappen liegt auf dem Eisschrank.")
    assert (second.speaker, second.gender, second.category) == ("16", "female", "boredom")
    assert second.ratings == {"valence": -0.65, "arousal": -0.62, "dominance": -0.33}
    assert read("emodb", root).facts["ratings"] == DEMONSTRATION
    check_corpus("emodb", root)


@pytest.mark.parametrize(
    ("corpus", "form"), [("ravdess", "03-01-EE-II-SS-RR-AA.wav"), ("emodb", r"SSTTTEV\.wav \(03a01Fa\.wav\)")]
)
def test_folder_of_other_files_is_refused(tmp_path: Path, corpus: str, form: str) -> None:
    plant(tmp_path, "other.flac")
    with pytest.raises(InputError, match=rf"no audio file named as {form} \(found 1 other\)\. Give the top folder of"):
        read(corpus, tmp_path)


@pytest.fixture
def emotale(tmp_path: Path) -> Path:
    (tmp_path / "wav").mkdir()
    left, right = voice(150, 0.5), np.zeros(8000, np.float32)
    for name in ("EN_001_A_2", "DK_001_S_1", "DK_008_H_1", "DK_001_N_9"):
        soundfile.write(tmp_path / "wav" / f"{name}.wav", np.repeat(np.column_stack([left, right]), 3, axis=0), 48_000)
    (tmp_path / "annotations.csv").write_text(ANNOTATIONS)
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "speaker_info.csv").write_text("speaker,gender,age\n1,F,22\n008,M,12\n")
    return tmp_path


def test_emotale_takes_ratings_by_the_names_of_their_columns(emotale: Path) -> None:
    english, danish = read("emotale", emotale).utterances
    assert english.ratings == {"valence": 2.0, "arousal": 4.5, "dominance": 4.0}
    assert english.rater_ratings == (
        RaterRating("a1", {"valence": 1.5, "arousal": 4.0, "dominance": 4.5}),
        RaterRating("a2", {"valence": 2.5, "arousal": 5.0, "dominance": 3.5}),
    )
    assert danish.ratings == {"valence": 1.5, "arousal": 1.5, "dominance": 1.0}  # one rater left dominance blank
    assert (english.speaker, english.gender, english.language) == ("001", "female", "en")
    assert (english.category, english.transcript) == ("anger", "Two sentences.")
    assert (danish.language, danish.transcript) == ("da", "En sætning.")
    check_corpus("emotale", emotale)


def test_emotale_leaves_children_out_unless_asked(emotale: Path) -> None:
    assert read("emotale", emotale).facts["left out (children)"] == "1"
    assert [u.speaker for u in read("emotale", emotale, children=True).utterances] == ["001", "001", "008"]


def test_emotale_hears_the_left_channel(emotale: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.parquet"
    prepare("emotale", emotale, out)
    utterance = read_manifest(out).utterances[0]
    assert utterance.channel == 0
    heard = load_utterance(utterance)
    left, _ = soundfile.read(utterance.audio, dtype="float32", always_2d=True)[0].T
    assert np.abs(heard).max() == pytest.approx(np.abs(left).max(), rel=0.05)  # the mean with silence is half as loud


def test_emotale_lists_what_cannot_be_used(emotale: Path) -> None:
    table = emotale / "annotations.csv"
    assert read("emotale", emotale).problems == [
        f"{table}:5: a1_A is 7, outside the rating scale 1 to 5. Correct the row or remove it.",
        f"{table}:6: no audio file {emotale}/wav/DK_001_N_5.wav. Add it to the corpus, or remove the row.",
    ]
    table.write_text(ANNOTATIONS.replace("DK_008_H_1", "child"))
    assert f"{table}:4: file is 'child', expected e.g. DK_001_A_1.wav." in read("emotale", emotale).problems[0]
    table.write_text("file,valence\n")
    with pytest.raises(InputError, match=r"no columns file, a1_A, a1_V, a1_D \(found: file, valence\)\. Take"):
        read("emotale", emotale)


def test_emotale_without_its_readme_has_no_transcripts(emotale: Path) -> None:
    (emotale / "README.md").unlink()
    reading = read("emotale", emotale)
    assert reading.utterances[0].transcript is None
    assert reading.facts["transcripts"] == "none (no README.md with the sentences)"
