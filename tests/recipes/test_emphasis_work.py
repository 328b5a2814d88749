"""Groups of an emphasis job: as large as their audio, and the longest first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tones import write_utterance

from msftk.recipes.emphasis_work import duration_s, groups_of


def test_groups_are_longest_first_and_smaller_in_a_small_corpus() -> None:
    assert list(groups_of([1.0, 3.0, 2.0], 1)) == [(1,), (2,), (0,)]
    assert [len(group) for group in groups_of([10.0] * 34, 2)] == [2] * 17
    groups = list(groups_of([10.0] * 999 + [4000.0], 2))
    assert groups[0] == (999, 0, 1, 2)
    assert {len(group) for group in groups} == {4}
    assert list(groups_of([], 2)) == []


def test_utterances_unknown_to_the_manifest_as_to_length_are_read_from_their_headers(tmp_path: Path) -> None:
    utterance = replace(write_utterance(tmp_path, "u"), duration_s=None)
    assert duration_s(utterance) == 2
    assert duration_s(replace(utterance, start_s=0.5, end_s=1.25)) == 0.75
    assert duration_s(replace(utterance, audio=tmp_path / "gone.wav")) == 0
