"""IEMOCAP's tree, with every trap that its files are known to hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from tones import voice

from msftk.errors import InputError
from msftk.interfaces import CorpusReading
from msftk.recipes.prepare import prepare
from msftk.registry import registry
from msftk.speech.alignment import read_alignment
from msftk.testing import check_corpus
from msftk.types import RaterRating, RatingScale
from msftk_plugins.corpora.iemocap import Iemocap

EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
C-E4:\tFrustration; Anger;\t(whiny)
C-F1:\tHappiness;\t()
A-E3:\tval 3; act 2; dom  2;\t()
A-E4:\tval 2; act 3; dom  ;\t(mostly nervousness)
A-F1:\tval 5; act 5; dom  5;\t()

[10.0100 - 11.3925]\tSes01F_impro01_M001\txxx\t[4.0000, 4.5000, 3.0000]
C-E1:\tSurprised;\t()
C-E2:\tNeutral state;\t()
C-E4:\tPuzzled;\t()
A-E3:\tval 4; act 4; dom  3;\t()
"""
TRANSCRIPTION = """Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
Ses01F_impro01_FXX0 [009.0000-009.5000]: (laughs)
M: (door closes)
Ses01F_impro01_M001 [010.0100-011.3925]: Do you have your forms?
"""
WDSEG = """\t SFrm  EFrm    SegAScr Word
\t    0     9     -68685 <s>
\t   10    39     -44583 EXCUSE(2)
\t   40    79     -80499 ME
 Total score: -1
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One dialogue in session 1, another in session 3, both with the marker on F."""
    for number, name in ((1, "Ses01F_impro01"), (3, "Ses03F_script02_1")):
        session = tmp_path / f"Session{number}"
        evaluation = session / "dialog" / "EmoEvaluation"
        (evaluation / "Categorical").mkdir(parents=True)
        (evaluation / f"{name}.txt").write_text(EVALUATION.replace("Ses01F_impro01", name))
        (evaluation / f"._{name}.txt").write_bytes(b"\x00\x05\x16\x07")
        (evaluation / "Categorical" / f"{name}_e2_cat.txt").write_text("[not to be read")
        (session / "dialog" / "transcriptions").mkdir()
        (session / "dialog" / "transcriptions" / f"{name}.txt").write_text(
            TRANSCRIPTION.replace("Ses01F_impro01", name)
        )
        audio, aligned = (session / "sentences" / kind / name for kind in ("wav", "ForcedAlignment"))
        audio.mkdir(parents=True)
        aligned.mkdir(parents=True)
        for turn in ("F000", "M001"):
            soundfile.write(audio / f"{name}_{turn}.wav", voice(120, 1.0), 16_000)
        (aligned / f"{name}_F000.wdseg").write_text(WDSEG)
    return tmp_path


def read(root: Path) -> CorpusReading:
    return Iemocap(Iemocap.Options()).read(root)


def test_turn_is_read_whole(root: Path) -> None:
    reading = read(root)
    assert (reading.name, reading.scale, reading.problems) == ("iemocap", RatingScale(1, 5), [])
    turn = reading.utterances[0]
    assert turn.id == "Ses01F_impro01_F000"
    assert turn.ratings == {"valence": 2.5, "arousal": 2.5, "dominance": 2.5}
    assert (turn.transcript, turn.category, turn.session, turn.split) == ("Excuse me.", "neutral", "Session1", None)
    assert turn.alignment is not None
    assert read_alignment(turn.alignment, turn.id).spoken_words == ("excuse", "me")


def test_valence_comes_first_and_no_agreement_is_kept(root: Path) -> None:
    turn = read(root).utterances[1]
    assert turn.ratings == {"valence": 4.0, "arousal": 4.5, "dominance": 3.0}
    assert turn.category is None
    assert turn.alignment is None


def test_speaker_is_the_letter_of_the_last_part(root: Path) -> None:
    speakers = {u.id: (u.speaker, u.gender) for u in read(root).utterances}
    assert speakers == {
        "Ses01F_impro01_F000": ("Ses01F", "female"),
        "Ses01F_impro01_M001": ("Ses01M", "male"),
        "Ses03F_script02_1_F000": ("Ses03F", "female"),
        "Ses03F_script02_1_M001": ("Ses03M", "male"),
    }


def test_each_rater_gave_ratings_a_class_or_both_and_own_reports_are_no_raters(root: Path) -> None:
    assert read(root).utterances[0].rater_ratings == (
        RaterRating("E2", {}, "neutral"),
        RaterRating("E4", {"valence": 2, "arousal": 3}, "frustrated"),  # dominance left blank; anger named second
        RaterRating("E3", {"valence": 3, "arousal": 2, "dominance": 2}),
    )
    assert read(root).utterances[1].rater_ratings == (
        RaterRating("E1", {}, "surprise"),
        RaterRating("E2", {}, "neutral"),
        RaterRating("E4", {}, "other"),
        RaterRating("E3", {"valence": 4, "arousal": 4, "dominance": 3}),
    )


def test_shares_of_its_raters_are_learned(root: Path) -> None:
    target = registry().create("target", "category", {"labels": "raters"})
    utterances = read(root).utterances
    target.check(utterances)
    taught = target.taught(utterances, ("frustrated", "neutral", "surprise"))
    assert taught.tolist() == [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]] * 2


def test_recordings_that_lost_their_labels_are_missing(root: Path) -> None:
    wav = next(root.glob("Session1/sentences/wav/*/*.wav"))
    wav.with_name("Ses01F_impro01_F099.wav").write_bytes(wav.read_bytes())
    assert (
        read(root).facts["missing"].endswith("Session5, usable labels of 1 recording (the first: Ses01F_impro01_F099)")
    )


def test_facts_count_what_is_not_there(root: Path) -> None:
    assert read(root).facts == {
        "missing": "Session2, Session4, Session5",
        "splits": "none; use --folds session",
        "clusters": "session",
        "without transcript": "0",
        "without alignment": "2",
        "without agreed category": "2",
        "ratings with a blank": "2",
    }


def test_contract_manifest_and_the_folder_of_the_release(root: Path, tmp_path: Path) -> None:
    check_corpus("iemocap", root)
    release = tmp_path / "disk"
    release.mkdir()
    (release / "IEMOCAP_full_release").symlink_to(root)
    manifest = prepare("iemocap", release, tmp_path / "m.parquet").manifest
    assert [u.duration_s for u in manifest.utterances] == [1.0] * 4


def test_bad_lines_are_problems_with_their_place(root: Path) -> None:
    file = root / "Session1" / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt"
    bad = EVALUATION.replace("[2.5000, 2.5000, 2.5000]", "[5.5000, 2.5000, 2.5000]").replace("act 4", "act x")
    file.write_text(bad + "\n[12.0 - 13.0]\tSes01F_impro01_F002\n[1 - 2]\tSes01F_impro01_F009\tneu\t[3, 3, 3]\n")
    reading = read(root)
    assert [u.id for u in reading.utterances][:1] == ["Ses01F_impro01_M001"]
    assert reading.problems[0].startswith(f"{file}:3: V is 5.5, outside the rating scale 1 to 5.")
    assert reading.problems[1].startswith(f"{file}:15: act is 'x', expected a number from 1 to 5.")
    assert reading.problems[2] == (
        f"{file}:17: found '[12.0 - 13.0]\tSes01F_impro01_F002', expected [start - end], id, category and [V, A, D]. "
        "Correct the line."
    )
    assert "Ses01F_impro01_F009.wav. Add it to the corpus, or remove the turn." in reading.problems[3]


def test_turn_that_stands_twice_is_a_problem(root: Path) -> None:
    file = root / "Session1" / "dialog" / "EmoEvaluation" / "Ses01F_impro01_copy.txt"
    file.write_text(EVALUATION)
    reading = read(root)
    assert len(reading.utterances) == 4
    assert reading.problems[0] == f"{file}:3: 'Ses01F_impro01_F000' stands there twice. Remove one of them."


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no Session1/dialog/EmoEvaluation\. Give the folder that holds Session1 to"):
        read(tmp_path)


def test_label_files_in_utf16_are_read_as_those_in_utf8(root: Path) -> None:
    before = read(root)
    for path in root.rglob("EmoEvaluation/*.txt"):
        path.write_bytes(path.read_text().encode("utf-16"))
    assert read(root).utterances == before.utterances
