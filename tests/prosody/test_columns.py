"""One list of word features: the kernel's, and all who show or read words follow it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from msftk.prosody import LemfBatch, columns, emphasis, emphasis_json, rules
from msftk.recipes.emphasis_table import table_schema, utterance_rows
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Emphasis, WordFeatures, WordProsody
from msftk_ext import prosody as kernels


def found() -> Emphasis:
    """Five words, the last of them silent."""
    edges = np.arange(6) / 4
    words = make_tier(edges[:-1], edges[1:], tuple("abcde"))
    time_s = np.arange(20_000) / 16_000
    tone = np.sum([0.1 * np.sin(2 * np.pi * 150 * k * time_s) / k for k in range(1, 6)], axis=0).astype(np.float32)
    tone[15_000:] = 0
    return emphasis(tone, 16_000, make_alignment(words, words, "made"))


def test_a_feature_has_its_two_places_and_no_other() -> None:
    """The kernel's list, and the documented fields; all the rest is made of these."""
    measured = {*kernels.FEATURES} - {"score"}
    assert {field.name for field in fields(WordFeatures)} == {*measured, "guessed_duration"}
    for batch in (WordProsody, LemfBatch):
        assert issubclass(batch, WordFeatures)
    assert set(columns.FEATURES) == measured
    assert set(rules.FEATURES) == measured | {"log_energy", "voiced", "start_s", "end_s"}
    assert {*columns.NUMBERS, *columns.KEPT_INSIDE} == {*kernels.FEATURES}


def test_json_and_table_show_the_same_columns_and_numbers() -> None:
    one = found()
    words = emphasis_json("u", one)["words"]
    rows = utterance_rows("u", one).to_pylist()
    assert list(words[0]) == list(columns.SHOWN)
    assert table_schema().names == ["id", "index", *columns.SHOWN, "in_segment"]
    assert [{name: row[name] for name in columns.SHOWN} for row in rows] == words
    assert words[-1]["log_f0"] is None
    assert words[1]["log_f0"] == one.prosody.log_f0[1]
