from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from msftk.errors import InputError, UnknownNameError, VersionError
from msftk.files import sha256_file
from msftk.store.manifest import Manifest, read_manifest, split_name, write_manifest
from msftk.types import AudioStamp, RaterRating, RatingScale, Utterance

FULL = Utterance(
    id="u1",
    audio=Path("/corpus/u1.wav"),
    start_s=0.5,
    end_s=1.5,
    speaker="s1",
    gender="female",
    language="en",
    transcript="hello thére",
    transcript_by="asr: whisper-tiny",
    alignment=Path("/corpus/words.csv"),
    split="train",
    session="1",
    ratings={"valence": 1.0, "arousal": 7.0, "dominance": 3.25},
    rater_ratings=(RaterRating("a", {"valence": 1.0}, "sad"), RaterRating("b", {"arousal": 2.0, "dominance": 3.0})),
    category="angry",
    duration_s=1.0,
    audio_sha256="00ff",
    channel=1,
    audio_stamp=AudioStamp(10, 20),
)
BARE = Utterance("u2", Path("/corpus/u2.wav"))
MANIFEST = Manifest("mine", RatingScale(1, 7), (FULL, BARE), {"ratings": "planted"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.parquet"
    write_manifest(MANIFEST, path)
    return path


def altered(path: Path, name: str, values: list[object]) -> Path:
    """The manifest at `path` with one column's values changed by somebody else's tool."""
    table = pyarrow.parquet.read_table(path)
    table = table.set_column(table.column_names.index(name), name, pyarrow.array(values))
    pyarrow.parquet.write_table(table, path)
    return path


def test_manifest_comes_back_as_it_was_written(path: Path) -> None:
    assert read_manifest(path) == MANIFEST


def test_columns_are_typed_and_scale_stands_in_the_metadata(path: Path) -> None:
    schema = pyarrow.parquet.read_schema(path)
    assert schema.field("valence").type == pyarrow.float64()
    assert schema.field("audio_mtime_ns").type == pyarrow.int64()
    assert str(schema.field("rater_ratings").type).startswith("list<element: struct<rater: string, valence: double")
    about = json.loads(schema.metadata[b"msftk"])
    assert about == {"format_version": 1, "corpus": "mine", "scale": [1, 7], "facts": {"ratings": "planted"}}


def test_raters_of_before_named_no_class(path: Path) -> None:
    one = [{"rater": "a", "valence": 1.0, "arousal": None, "dominance": None}]
    (first, second) = read_manifest(altered(path, "rater_ratings", [one, None])).utterances
    assert first.rater_ratings == (RaterRating("a", {"valence": 1.0}),)
    assert second == BARE


def test_writing_again_replaces_the_whole_file_and_leaves_nothing_else(path: Path) -> None:
    write_manifest(replace(MANIFEST, utterances=(BARE,)), path)
    assert read_manifest(path).utterances == (BARE,)
    assert [entry.name for entry in path.parent.iterdir()] == ["m.parquet"]


def test_refused_manifest_leaves_the_old_one(path: Path) -> None:
    with pytest.raises(InputError, match="stands there twice"):
        write_manifest(replace(MANIFEST, utterances=(BARE, BARE)), path)
    assert read_manifest(path) == MANIFEST
    assert [entry.name for entry in path.parent.iterdir()] == ["m.parquet"]


def test_split_gives_utterances_and_unknown_one_lists_those_there(path: Path) -> None:
    manifest = read_manifest(path)
    assert manifest.splits == ("train",)
    assert manifest.split("train") == (FULL,)
    with pytest.raises(
        UnknownNameError,
        match=r"no utterance in split 'trian'\. Did you mean 'train'\? Splits in this manifest: train\.",
    ):
        manifest.split("trian")


@pytest.mark.parametrize("n", [1, 3, 7, 30])
def test_shards_share_out_the_utterances(n: int) -> None:
    whole = Manifest("many", RatingScale(1, 7), tuple(replace(BARE, id=f"u{k}") for k in range(20)), {"a": "fact"})
    shards = [whole.shard(f"{i}/{n}") for i in range(1, n + 1)]
    assert sorted(u.id for shard in shards for u in shard.utterances) == sorted(u.id for u in whole.utterances)
    sizes = [len(shard.utterances) for shard in shards]
    assert max(sizes) - min(sizes) <= 1
    assert shards[0].facts == whole.facts
    assert whole.shard(None) is whole


@pytest.mark.parametrize("which", ["0/3", "4/3", "1", "1/", "/3", "a/3", "-1/3", "1/2/3", "1.5/3"])
def test_a_shard_that_is_no_part_is_refused(which: str) -> None:
    with pytest.raises(InputError, match=r"^--shard .*: expected I/N, the I-th of N parts of the corpus"):
        MANIFEST.shard(which)


def test_splits_stand_in_the_order_of_their_use() -> None:
    names = ("zoo", "test2", "dev", "test1", "train")
    utterances = tuple(Utterance(name, Path("a"), split=name) for name in names)
    assert Manifest("mine", RatingScale(0, 1), utterances).splits == ("train", "dev", "test1", "test2", "zoo")


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Train", "train"),
        ("Development", "dev"),
        ("Validation", "dev"),
        ("Test1", "test1"),
        ("Odd", "odd"),
        (" ", None),
    ],
)
def test_split_spellings(spelling: str, name: str | None) -> None:
    assert split_name(spelling) == name


def test_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"gone\.parquet: no such manifest\. Make it with msftk prepare CORPUS ROOT --out"
    ):
        read_manifest(tmp_path / "gone.parquet")


def test_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.parquet").write_text("id,audio\n")
    with pytest.raises(
        InputError, match=r"m\.parquet: not a Parquet table \(.+\)\. Make the manifest again with msftk"
    ):
        read_manifest(tmp_path / "m.parquet")


def test_parquet_of_others_is_refused(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"id": ["a"]}), tmp_path / "m.parquet")
    with pytest.raises(VersionError, match=r"m\.parquet: a Parquet table, but not a manifest of msftk"):
        read_manifest(tmp_path / "m.parquet")


def test_other_format_version_is_refused(path: Path) -> None:
    table = pyarrow.parquet.read_table(path)
    about = json.loads(table.schema.metadata[b"msftk"]) | {"format_version": 99}
    pyarrow.parquet.write_table(table.replace_schema_metadata({"msftk": json.dumps(about)}), path)
    with pytest.raises(
        VersionError, match=r"m\.parquet: manifest format 99, this msftk reads format 1\. Make the manifest"
    ):
        read_manifest(path)


def test_missing_column_names_those_found(path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(path).drop(["arousal"]), path)
    with pytest.raises(
        InputError, match=r"m\.parquet: no column 'arousal' \(found: id, audio, .+\)\. Make the manifest"
    ):
        read_manifest(path)


def test_text_in_a_number_is_named_by_row(path: Path) -> None:
    with pytest.raises(
        InputError, match=r"m\.parquet: row 2: valence is 'n/a', expected a finite number or null\. Make"
    ):
        read_manifest(altered(path, "valence", ["1.0", "n/a"]))


def test_nan_of_other_tools_is_absent(path: Path) -> None:
    ratings = read_manifest(altered(path, "valence", [float("nan"), None])).utterances[0].ratings
    assert ratings == {"arousal": 7.0, "dominance": 3.25}


@pytest.mark.parametrize("nothing", [None, ""])
def test_row_without_id_is_named(path: Path, nothing: str | None) -> None:
    with pytest.raises(InputError, match=r"m\.parquet: row 2: no id\."):
        read_manifest(altered(path, "id", ["u1", nothing]))


def test_rating_outside_the_scale_names_utterance_value_and_scale(path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"m\.parquet: utterance 'u1': arousal is 7\.5, outside the rating scale 1 to 7\. Correct the rating, or",
    ):
        read_manifest(altered(path, "arousal", [7.5, None]))
    rater = replace(BARE, rater_ratings=(RaterRating("a", {"valence": 0.5}),))
    with pytest.raises(InputError, match=r"utterance 'u2', rater 'a': valence is 0\.5, outside"):
        write_manifest(replace(MANIFEST, utterances=(rater,)), path)


def test_id_that_stands_twice_is_refused(path: Path) -> None:
    with pytest.raises(InputError, match=r"m\.parquet: utterance 'u1' stands there twice\. Give each its own id\."):
        read_manifest(altered(path, "id", ["u1", "u1"]))


def test_utterances_are_a_sequence_that_makes_them_when_asked(path: Path) -> None:
    found = read_manifest(path).utterances
    assert (len(found), found[0], found[-1], found[1:], found[::-1]) == (2, FULL, BARE, (BARE,), (BARE, FULL))
    assert list(found) == [FULL, BARE]
    assert BARE in found
    assert found.index(BARE) == 1
    with pytest.raises(IndexError):
        found[2]


def test_a_manifest_that_was_read_is_written_as_it_is(path: Path, tmp_path: Path) -> None:
    write_manifest(read_manifest(path), tmp_path / "again.parquet")
    assert read_manifest(tmp_path / "again.parquet") == read_manifest(path) == MANIFEST
    assert read_manifest(path) != replace(MANIFEST, utterances=(FULL, FULL))


def test_texts_written_as_numbers_by_other_tools_are_texts(path: Path) -> None:
    read = read_manifest(altered(altered(path, "id", [17, 18]), "channel", [float("nan"), 1.0]))
    assert [(u.id, u.channel) for u in read.utterances] == [("17", None), ("18", 1)]


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("channel", [0.5, 1.0], r"row 1: channel is 0\.5, expected int64 or null"),
        ("speaker", [b"\xff", b"a"], r"row 1: speaker is b'\\xff', expected string or null"),
        ("speaker", [{"a": 1}, None], r"row 1: speaker is {'a': 1}, expected string or null"),
        ("rater_ratings", ["x", None], r"row 1: rater_ratings is 'x', expected list"),
        ("duration_s", [float("inf"), 1.0], r"row 1: duration_s is inf, expected a finite number or null"),
    ],
)
def test_a_value_of_another_type_is_named_by_row(path: Path, name: str, values: list[object], said: str) -> None:
    with pytest.raises(InputError, match=r"m\.parquet: " + said + r".*\. Make the manifest again"):
        read_manifest(altered(path, name, values))


def test_an_utterance_with_a_value_of_another_type_is_not_written(tmp_path: Path) -> None:
    odd = replace(BARE, speaker=3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"m\.parquet: row 2: speaker is 3, expected string or null\. Correct the utt"):
        write_manifest(replace(MANIFEST, utterances=(FULL, odd)), tmp_path / "m.parquet")
    surrogate = replace(BARE, transcript="\udc80")
    with pytest.raises(InputError, match=r"row 1: transcript is '\\udc80', expected string or null"):
        write_manifest(replace(MANIFEST, utterances=(surrogate,)), tmp_path / "m.parquet")


def test_a_column_named_twice_is_refused(path: Path) -> None:
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(table.append_column("split", table["split"]), path)
    with pytest.raises(InputError, match=r"m\.parquet: column 'split' stands there twice\. Make the manifest again"):
        read_manifest(path)


@pytest.mark.parametrize(
    "about", ["{", "[]", '{"format_version": 1}', '{"format_version": 1, "corpus": "a", "scale": [1], "facts": {}}']
)
def test_torn_metadata_are_refused(path: Path, about: str) -> None:
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(table.replace_schema_metadata({"msftk": about}), path)
    with pytest.raises(
        InputError, match=r"m\.parquet: its metadata is not a manifest's \(.+\)\. Make the manifest again"
    ):
        read_manifest(path)


def test_text_that_is_not_utf8_is_refused(path: Path) -> None:
    table = pyarrow.parquet.read_table(path)
    odd = pyarrow.Array.from_buffers(
        pyarrow.string(), 2, pyarrow.array([b"\xff", b"ok"]).buffers()
    )  # as a faulty writer does
    table = table.set_column(table.column_names.index("speaker"), "speaker", odd)
    pyarrow.parquet.write_table(table, path)
    with pytest.raises(InputError, match=r"m\.parquet: not a Parquet table \(.*UTF8.*\)\. Make the manifest again"):
        read_manifest(path)


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"m\.parquet: cannot be written \(.+\)\. Choose another place with --out\."):
        write_manifest(MANIFEST, tmp_path / "file" / "m.parquet")


def test_sha256_is_that_of_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_file(tmp_path / "a").startswith("ba7816bf8f01cfea")  # FIPS 180-2, appendix B.1
    with pytest.raises(InputError, match=r"gone: cannot be read \(No such file or directory\)\. Check the path"):
        sha256_file(tmp_path / "gone")
