"""The way that an error advises is one that works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.training.folds import fixed_split, folds
from msftk.training.ways import folds_that_work, other_way
from msftk.types import Utterance


def corpus(speakers: str, sessions: str | None = None) -> list[Utterance]:
    rows = enumerate(zip(speakers, sessions or [None] * len(speakers), strict=True))
    return [
        Utterance(str(k), Path("a.wav"), speaker=speaker, session=session, ratings={"valence": k})
        for k, (speaker, session) in rows
    ]


@pytest.mark.parametrize(
    ("utterances", "works"),
    [
        (corpus("aabbcc"), ["speaker"]),
        (corpus("abcdef", "112233"), ["session", "speaker"]),
        (corpus("abcade", "112233"), ["speaker"]),  # a is in two sessions
        (corpus("aabb", "1122"), []),
        ([*corpus("aabbcc"), Utterance("x", None)], []),
    ],
)
def test_the_folds_that_work_are_those_that_can_be_made(utterances: list[Utterance], works: list[str]) -> None:
    assert folds_that_work(utterances) == works
    for kind in ("session", "speaker"):
        if kind in works:
            assert len(folds(utterances, kind)) >= 3
        else:
            with pytest.raises(InputError):
                folds(utterances, kind)


def test_each_corpus_is_shown_its_way() -> None:
    assert other_way(corpus("abc")) == "Give the manifest that split, or use --folds speaker."
    assert "train with --allow-overlap" in other_way(corpus("aaa"))
    assert "--allow-overlap" not in other_way([replace(u, speaker=None) for u in corpus("aaa")])
    split = [replace(u, split=name) for u, name in zip(corpus("aaa"), ("train", "dev", "test"), strict=True)]
    assert other_way(split).startswith("Leave out --folds")
    assert fixed_split(split, allow_overlap=True).name == "fixed"
