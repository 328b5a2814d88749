from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from msftk.errors import InputError, UnknownNameError
from msftk.interfaces import CorpusReading
from msftk.registry import registry
from msftk.types import RatingScale

TABLE = """id,file,speaker,sex,language,transcript,emotion,valence,arousal,dominance
u1,audio/u1.flac,s1,f,en,hello there,anger,1.5,4.5,3
u2,audio/u2.flac,s1,F,da,hej,neutral,3,,2
u3,audio/u3.flac,s2,Male,en,,,,,
"""
RATERS = """id,rater,valence,arousal,dominance,category
u1,a1,1,4,3,anger
u1,a2,2,5,3,anger
u3,a1,2,2.5,,neutral
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "manifest.csv"
    path.parent.mkdir()
    path.write_text(TABLE)
    return path


def read(table: Path, **options: object) -> CorpusReading:
    reading: CorpusReading = registry().create("corpus", "csv", {"scale": (1, 5), **options}).read(table)
    return reading


def test_usual_columns_need_no_naming(table: Path) -> None:
    reading = read(table)
    first, second, third = reading.utterances
    assert (reading.name, reading.scale, reading.problems) == ("mine", RatingScale(1, 5), [])
    assert (first.id, first.audio, first.speaker, first.gender) == (
        "u1",
        table.parent / "audio/u1.flac",
        "s1",
        "female",
    )
    assert (first.language, first.transcript, first.category) == ("en", "hello there", "anger")
    assert first.ratings == {"valence": 1.5, "arousal": 4.5, "dominance": 3}
    assert second.ratings == {"valence": 3, "dominance": 2}
    assert (third.gender, third.transcript, third.category, third.ratings) == ("male", None, None, None)
    assert (first.split, first.session, first.alignment, first.rater_ratings) == (None,) * 4
    assert reading.facts["columns"].startswith("id=id, audio=file, speaker=speaker, gender=sex")


def test_columns_are_named_by_the_user(table: Path) -> None:
    table.write_text("Wav;V;A;D;Who;Part;from;to\nx/1.wav;10;20;30;me;Validation;0.5;1.25\n")
    columns = {"audio": "Wav", "valence": "V", "arousal": "A", "dominance": "D", "speaker": "Who", "split": "Part"}
    (one,) = read(table, scale=(0, 100), columns={**columns, "start_s": "from", "end_s": "to"}).utterances
    assert (one.id, one.speaker, one.split, one.start_s, one.end_s) == ("1", "me", "dev", 0.5, 1.25)
    assert one.ratings == {"valence": 10, "arousal": 20, "dominance": 30}


def test_audio_may_lie_elsewhere_and_lack_its_suffix(table: Path, tmp_path: Path) -> None:
    table.write_text("id,audio\nu1,u1\n")
    (one,) = read(table, scale=None, audio_root=tmp_path / "sounds", audio_suffix=".wav").utterances
    assert one.audio == tmp_path / "sounds/u1.wav"


def test_where_keeps_rows_of_one_language(table: Path) -> None:
    reading = read(table, where={"language": "en"})
    assert [utterance.id for utterance in reading.utterances] == ["u1", "u3"]
    assert reading.facts["where"] == "language=en"
    with pytest.raises(
        InputError, match=r"no column 'lang' \(found: .+\)\. Did you mean 'language'\? Name the right one wi"
    ):
        read(table, where={"lang": "en"})


def test_table_without_ratings_needs_no_scale(table: Path) -> None:
    table.write_text("id,audio\nu1,u1.wav\n")
    reading: CorpusReading = registry().create("corpus", "csv").read(table)
    assert reading.utterances[0].ratings is None
    assert reading.scale == RatingScale(0, 1)


def test_ratings_on_an_unknown_scale_ask_for_it(table: Path) -> None:
    with pytest.raises(InputError) as refused:
        registry().create("corpus", "csv").read(table)
    assert str(refused.value) == (
        f"{table}: ratings (valence, arousal, dominance) on an unknown scale. Name its ends, e.g. --scale 1..5."
    )


def test_words_table_beside_it_is_found(table: Path) -> None:
    (table.parent / "words.csv").write_text("id,index,start,end,word\nu1,0,0,1,hello\n")
    first, second, _ = read(table).utterances
    assert (first.alignment, second.alignment) == (table.parent / "words.csv", None)
    assert read(table, words="").utterances[0].alignment is None
    with pytest.raises(InputError, match=r"tokens\.csv: cannot be read \(No such file or directory\)"):
        read(table, words="tokens.csv")


def test_alignment_files_by_column_or_by_id(table: Path, tmp_path: Path) -> None:
    (tmp_path / "grids").mkdir()
    for name in ("grids/u2.TextGrid", "mine/own.TextGrid"):
        (tmp_path / name).write_text("")
    table.write_text("id,audio,alignment\nu1,1.wav,own.TextGrid\nu2,2.wav,\nu3,3.wav,gone.TextGrid\n")
    reading = read(table, scale=None, alignments=tmp_path / "grids")
    assert [u.alignment for u in reading.utterances] == [table.parent / "own.TextGrid", tmp_path / "grids/u2.TextGrid"]
    assert list(reading.problems) == [
        f"{table}:4: no alignment file {table.parent}/gone.TextGrid. Correct the row, or leave the cell empty."
    ]
    with pytest.raises(InputError, match=r"gone: no such folder of alignments\. Correct its path\."):
        read(table, scale=None, alignments=tmp_path / "gone")


def test_raters_stand_beside_the_ratings(table: Path) -> None:
    (table.parent / "ratings.csv").write_text(RATERS)
    first, second, third = read(table).utterances
    assert [(one.rater, one.ratings["valence"]) for one in first.rater_ratings or ()] == [("a1", 1), ("a2", 2)]
    assert first.ratings == {"valence": 1.5, "arousal": 4.5, "dominance": 3}
    assert [one.category for one in first.rater_ratings or ()] == ["anger", "anger"]
    assert second.rater_ratings is None
    assert (third.rater_ratings or ())[0].ratings == {"valence": 2, "arousal": 2.5}
    assert read(table, raters="").utterances[0].rater_ratings is None


def test_a_table_called_ratings_is_not_taken_for_its_own_raters(table: Path) -> None:
    mine = table.rename(table.with_name("ratings.csv"))
    assert [one.rater_ratings for one in read(mine).utterances] == [None, None, None]


def test_raters_alone_are_averaged(table: Path) -> None:
    (table.parent / "ratings.csv").write_text(RATERS)
    table.write_text("id,audio\nu1,1.wav\nu2,2.wav\nu3,3.wav\n")
    first, second, third = read(table).utterances
    assert first.ratings == {"valence": 1.5, "arousal": 4.5, "dominance": 3}
    assert second.ratings is None
    assert third.ratings == {"valence": 2, "arousal": 2.5}


def test_raters_columns_are_named_by_the_user(table: Path) -> None:
    (table.parent / "people.csv").write_text("utt,who,V\nu1,p1,2\nu1,,3\nu1,p2,x\n")
    reading = read(table, raters="people.csv", rater_columns={"id": "utt", "rater": "who", "valence": "V"})
    assert [dict(one.ratings) for one in reading.utterances[0].rater_ratings or ()] == [{"valence": 2}]
    assert list(reading.problems) == [
        f"{table.parent}/people.csv:3: no id or no rater. Complete the row or remove it.",
        f"{table.parent}/people.csv:4: V is 'x', expected a number from 1 to 5. Correct the row or remove it.",
    ]
    with pytest.raises(
        InputError, match=r"people\.csv: no column 'id' .+ Name the right one with --set rater_columns\.id=N"
    ):
        read(table, raters="people.csv")


def test_bad_rows_are_listed_with_their_line_and_skipped(table: Path) -> None:
    table.write_text(
        TABLE + "u4,audio/u4.flac,s,f,en,x,,good,1,1\nu1,a.flac,,,,,,,,\n,a.flac,,,,,,,,\nu6,,,,,,,,,\nu7,a.flac\n"
    )
    reading = read(table)
    assert [utterance.id for utterance in reading.utterances] == ["u1", "u2", "u3"]
    assert list(reading.problems) == [
        f"{table}:9: 2 cells, expected 10. Put a cell that holds ',' in quotes, or complete the row.",
        f"{table}:5: valence is 'good', expected a number from 1 to 5. Correct the row or remove it.",
        f"{table}:6: id 'u1' stands there twice (first: {table}:2). Give each row its own id.",
        f"{table}:7: id is empty, expected an id. Complete the row.",
        f"{table}:8: file is empty, expected a path. Complete the row.",
    ]


def test_column_that_is_not_there_names_those_found_and_the_flag(table: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"manifest\.csv: no column 'Valense' \(found: id, file, .+\)\. Did you mean 'valence'\? Name the "
        r"right one with --column valence=NAME\.",
    ):
        read(table, columns={"valence": "Valense"})
    with pytest.raises(
        UnknownNameError, match=r"--column valense=V: unknown field 'valense'\. Did you mean 'valence'\? Known"
    ):
        read(table, columns={"valense": "V"})
    table.write_text("id,sound\nu1,a.wav\n")
    with pytest.raises(
        InputError, match=r"no column 'audio' \(found: id, sound\)\. .*Name the right one with --column audio=N"
    ):
        read(table)


def test_folder_instead_of_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a folder, expected a CSV table\. Give the path of the table\."):
        read(tmp_path)


def test_recorded_prompts_of_the_package_are_such_a_corpus() -> None:
    reading: CorpusReading = (
        registry().create("corpus", "csv").read(Path(str(files("msftk"))) / "demo/prompts/manifest.csv")
    )
    assert (reading.name, len(reading.utterances), reading.problems) == ("prompts", 28, [])
    assert all(u.alignment and u.transcript and u.ratings is None for u in reading.utterances)


def test_columns_are_found_in_any_case_and_one_named_twice_is_refused(table: Path) -> None:
    table.write_text("ID,File,Speaker,Text,Valence\nu1,u1.flac,s1,go home,2\n")
    (one,) = read(table, columns={"audio": "FILE"}).utterances
    assert (one.id, one.speaker, one.transcript, one.ratings) == ("u1", "s1", "go home", {"valence": 2})
    table.write_text("id,file,file\nu1,u1.flac,u2.flac\n")
    with pytest.raises(InputError, match=r"manifest\.csv: column 'file' stands there twice\. Rename or remove one\."):
        read(table)


def test_a_scale_without_ratings_lists_the_columns(table: Path) -> None:
    table.write_text("id,file,val\nu1,u1.flac,2\n")
    with pytest.raises(
        InputError, match=r"no column 'valence' \(found: id, file, val\)\. .*Name the ratings with --col"
    ):
        read(table)


def test_what_stands_for_nothing_is_absent(table: Path) -> None:
    table.write_text("id,file,speaker,text,valence,arousal\nu1,u1.flac,nan,NaN,NA,2\nu2,u2.flac,Unknown,None,3,\n")
    first, second = read(table).utterances
    assert (first.speaker, first.transcript, first.ratings) == (None, None, {"arousal": 2})
    assert (second.speaker, second.transcript, second.ratings) == (None, None, {"valence": 3})


def test_segments_of_one_recording_have_their_times_in_their_ids(table: Path) -> None:
    table.write_text(
        "file,start,end,valence\nlong.flac,0 days 00:00:00.100000,0 days 00:00:00.300000,1\n"
        "long.flac,0 days 00:01:00.5,NaT,2\nother.flac,0.25,1,3\n"
    )
    utterances = read(table).utterances
    assert [(u.id, u.start_s, u.end_s) for u in utterances] == [
        ("long_0.100-0.300", 0.1, 0.3),
        ("long_60.500-end", 60.5, None),
        ("other", 0.25, 1),
    ]


@pytest.mark.parametrize(("start", "end"), [("start_s", "end_s"), ("Begin", "End"), ("onset", "offset")])
def test_segments_are_found_by_other_names_of_their_times(table: Path, start: str, end: str) -> None:
    table.write_text(f"file,{start},{end},valence\nlong.flac,0.25,0.5,2\n")
    (only,) = read(table).utterances
    assert (only.start_s, only.end_s) == (0.25, 0.5)


def test_a_segment_may_tell_its_duration_instead_of_its_end(table: Path) -> None:
    table.write_text("file,start,duration,valence\na.flac,0.25,0.5,2\nb.flac,0.25,,2\n")
    assert [(u.start_s, u.end_s) for u in read(table).utterances] == [(0.25, 0.75), (0.25, None)]
    table.write_text("file,duration,valence\nlong.flac,0.25,2\n")  # of the file
    (whole,) = read(table).utterances
    assert (whole.start_s, whole.end_s) == (None, None)


@pytest.mark.parametrize(("header", "missing"), [("file,from,end", "start_s"), ("file,start,length", "end_s")])
def test_one_end_of_a_segment_does_not_stand_for_the_rest_of_the_file(table: Path, header: str, missing: str) -> None:
    table.write_text(f"{header},valence\nlong.flac,0.1,0.2,2\n")
    with pytest.raises(InputError, match=rf"no column '{missing}' .*--column {missing}=NAME"):
        read(table)


def test_alignments_lie_at_any_depth_and_only_what_a_reader_claims_counts(table: Path, tmp_path: Path) -> None:
    table.write_text("id,audio\nu1,1.wav\nu2,2.wav\n")
    grids = tmp_path / "grids"
    for name in ("s1/u1.TextGrid", "s1/u1.lab", "s1/u1.txt", "s1/u1.flac", "u3.TextGrid"):
        (grids / name).parent.mkdir(parents=True, exist_ok=True)
        (grids / name).write_text("")
    reading = read(table, scale=None, alignments=grids)
    assert [u.alignment for u in reading.utterances] == [grids / "s1/u1.TextGrid", None]
    assert reading.facts["alignments"] == f"1 of 2, from {grids}"
    (grids / "u1.json").write_text("{}")
    (problem,) = read(table, scale=None, alignments=grids).problems
    assert problem == (
        f"{table}:2: several alignments of 'u1': {grids}/s1/u1.TextGrid, {grids}/u1.json. Keep one of them."
    )
    table.write_text("id,audio\nu1.wav,1.wav\n")
    with pytest.raises(
        InputError, match=r"grids: nothing in it has the id of an utterance, such as 'u1\.wav' \(found: u1"
    ):
        read(table, scale=None, alignments=grids)


def test_a_table_of_words_in_the_folder_of_alignments_is_told_how_to_read(table: Path, tmp_path: Path) -> None:
    table.write_text("id,audio\nu1,1.wav\n")
    words = tmp_path / "grids" / "words.csv"
    words.parent.mkdir()
    words.write_text("id,start,end,word\nu1,0,1,hello\n")
    with pytest.raises(InputError, match=rf"found: words\)\. To read the table {words} give --set words={words}\."):
        read(table, scale=None, alignments=words.parent)
    (one,) = read(table, scale=None, words=str(words)).utterances
    assert one.alignment == words


def test_tables_that_the_user_named_must_hold_someone(table: Path) -> None:
    (table.parent / "tokens.csv").write_text("id,start,end,word\nx1,0,1,hello\n")
    with pytest.raises(
        InputError, match=r"tokens\.csv: nothing in it has the id of an utterance, such as 'u1' \(found: x1"
    ):
        read(table, words="tokens.csv")
    (table.parent / "people.csv").write_text("id,rater,valence\nx1,r1,2\n")
    with pytest.raises(InputError, match=r"people\.csv: nothing in it has the id of an utterance"):
        read(table, raters="people.csv")
    with pytest.raises(InputError, match=r"no row with language=fr \(found: en, da\)\. Correct --where\."):
        read(table, where={"language": "fr"})


def test_another_table_of_the_usual_name_is_left_and_said(table: Path) -> None:
    (table.parent / "words.csv").write_text("word,count\nthe,3\n")
    reading = read(table)
    assert [u.alignment for u in reading.utterances] == [None, None, None]
    assert "no column 'id' (found: word, count)" in reading.facts["not read"]


def test_a_scale_too_small_for_the_ratings_is_an_error_that_names_one_that_holds_them(table: Path) -> None:
    table.write_text(TABLE + "u4,audio/u4.flac,s,f,en,x,,6.5,1,0\nu5,audio/u5.flac,s,f,en,x,,x,1,1\n")
    with pytest.raises(
        InputError,
        match=r":5: valence is 6\.5, outside the rating scale 1 to 5, as 2 ratings of \d+ are\. .+--scale 0\.\.6\.5",
    ):
        read(table)
    table.write_text(TABLE)
    (table.parent / "ratings.csv").write_text("id,rater,valence\nu1,p1,-9\n")
    with pytest.raises(InputError, match=r"ratings\.csv:2: valence is -9, outside .+ as 1 rating of 1 is\. "):
        read(table)
