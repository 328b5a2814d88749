"""Folds never share a speaker, test everyone once, and say what is wrong with a corpus that cannot be split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msftk.errors import InputError, UnknownNameError
from msftk.store.columns import ids_of
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.store.utterance_table import UtteranceTable
from msftk.training.folds import fixed_split, folds, speakers_of
from msftk.types import RatingScale, Utterance


def utterance(
    name: str, speaker: str | None = None, split: str | None = None, session: str | None = None, rated: bool = True
) -> Utterance:
    ratings = {"valence": 3.0} if rated else None
    return Utterance(name, Path("a.wav"), speaker=speaker, split=split, session=session, ratings=ratings)


def corpus(speakers: list[str]) -> list[Utterance]:
    return [utterance(str(k), speaker) for k, speaker in enumerate(speakers)]


@given(
    st.lists(st.sampled_from("abcdefghij"), min_size=3, max_size=40).filter(lambda s: len(set(s)) >= 5),
    st.sampled_from(["speaker", "speaker:3", "speaker:5"]),
    st.booleans(),
)
def test_folds_are_disjoint_in_speakers_and_test_everyone_once(speakers: list[str], kind: str, inner: bool) -> None:
    everyone = corpus(speakers)
    made = folds(everyone, kind, inner_dev=inner)
    assert Counter(u.id for split in made for u in split.tests["test"]) == Counter(u.id for u in everyone)
    for split in made:
        train, dev, test = (speakers_of(part) for part in (split.train, split.dev, split.tests["test"]))
        assert not train & dev
        assert not train & test
        assert not dev & test
        assert train | dev | test == set(speakers)
        assert bool(dev) == inner


def test_session_k_tests_and_the_next_is_dev_cyclically() -> None:
    everyone = [utterance(f"{s}{k}", f"{s}{k}", session=f"Session{s}") for s in range(1, 6) for k in range(2)]
    made = folds(everyone, "session")
    chosen = [(split.tests["test"][0].session, split.dev[0].session) for split in made]
    assert chosen == [(f"Session{k}", f"Session{k % 5 + 1}") for k in range(1, 6)]
    assert all({u.session for u in split.train}.isdisjoint(pair) for split, pair in zip(made, chosen, strict=True))


def test_speaker_groups_are_consecutive_in_sorted_order() -> None:
    made = folds(corpus(list("gfedcba")), "speaker:3")
    assert [split.name for split in made] == ["a+b", "c+e", "f+g"]
    assert speakers_of(made[0].dev) == {"c", "d", "e"}


def test_unknown_speaker_is_listed() -> None:
    with pytest.raises(InputError, match=r"--folds speaker: 1 utterance has no speaker \(3\)"):
        folds([*corpus(list("abc")), utterance("3")], "speaker")


def test_too_few_groups_are_named() -> None:
    with pytest.raises(InputError, match=r"found 2 speaker groups \(a, b\), expected at least 3"):
        folds(corpus(list("aabb")), "speaker")
    with pytest.raises(InputError, match="found 4 speakers, expected at least 9"):
        folds(corpus(list("abcd")), "speaker:9")


@pytest.mark.parametrize("kind", ["speakers", "speaker:two", "speaker:1", "session:3"])
def test_unknown_kind_of_folds_lists_those_known(kind: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown folds '{kind}'. Known: session, speaker, speaker:K"):
        folds(corpus(list("abc")), kind)


def test_session_folds_with_a_speaker_in_two_sessions_are_refused() -> None:
    everyone = [utterance(str(k), "same" if k < 2 else str(k), session=str(k)) for k in range(4)]
    with pytest.raises(InputError, match=r"1 speaker is in both .*: same\. Make the splits speaker-disjoint"):
        folds(everyone, "session")
    assert len(folds(everyone, "session", allow_overlap=True)) == 4


def test_fold_with_unrated_dev_is_refused() -> None:
    everyone = [utterance(s, s, rated=s != "b") for s in "abcd"]
    with pytest.raises(InputError, match="fold a: no rated utterance in its dev part"):
        folds(everyone, "speaker")


def test_fixed_split_drops_unrated_training_and_keeps_tests_by_name() -> None:
    everyone = [
        utterance("1", "a", "train"),
        utterance("2", "a", "train", rated=False),
        utterance("3", "b", "dev"),
        utterance("4", "c", "test1"),
        utterance("5", "c", "test2"),
        utterance("6", "d", "other"),
    ]
    split = fixed_split(everyone)
    assert [u.id for u in split.train] == ["1"]
    assert {name: [u.id for u in part] for name, part in split.tests.items()} == {"test1": ["4"], "test2": ["5"]}


def test_speaker_overlap_is_refused_unless_allowed_by_name() -> None:
    everyone = [utterance("1", "a", "train"), utterance("2", "a", "dev"), utterance("3", "b", "test")]
    with pytest.raises(InputError, match=r"1 speaker is in both train and dev: a\. .*--allow-overlap"):
        fixed_split(everyone)
    assert fixed_split(everyone, allow_overlap=True).dev[0].id == "2"


def test_unknown_speakers_do_not_overlap() -> None:
    assert fixed_split([utterance("1", None, "train"), utterance("2", None, "dev")]).name == "fixed"


def test_empty_split_names_the_splits_found() -> None:
    with pytest.raises(InputError, match=r"split 'train' has no rated utterance\. Splits found: dev \(1\), none \(1\)"):
        fixed_split([utterance("1", "a", "dev"), utterance("2", "b")])


@pytest.mark.parametrize("inner", [True, False])
def test_folds_of_a_table_are_those_of_its_objects_and_parts_of_it(tmp_path: Path, inner: bool) -> None:
    everyone = [utterance(str(k), one, rated=k % 4 < 3) for k, one in enumerate("dabcdaabbccde")]
    write_manifest(Manifest("mine", RatingScale(1, 7), tuple(everyone)), tmp_path / "m.parquet")
    table = read_manifest(tmp_path / "m.parquet").utterances
    of_table, of_objects = (folds(one, "speaker", inner_dev=inner) for one in (table, everyone))
    assert len(of_table) == len(of_objects) == 5
    for one, other in zip(of_table, of_objects, strict=True):
        assert isinstance(one.train, UtteranceTable)
        assert one.train.shares(table)
        assert [ids_of(part) for part in (one.train, one.dev, one.tests["test"])] == [
            ids_of(part) for part in (other.train, other.dev, other.tests["test"])
        ]


def test_a_speaker_of_two_sessions_is_refused_whichever_fold_shows_it() -> None:
    everyone = [utterance(str(k), f"s{k}", session=f"Session{k}") for k in range(5)]
    with pytest.raises(InputError, match=r"1 speaker is in both train and dev: s2"):
        folds([*everyone, utterance("9", "s2", session="Session4")], "session")
