"""Keys: equal content, equal key; anything else, another key."""

from __future__ import annotations

import numpy as np
import pytest

from msftk.store import keys
from msftk.store.keys import (
    KeyColumn,
    alignment_digest,
    canonical_json,
    content_key,
    digest,
    producer_hash,
    table_digest,
)
from msftk.types import Alignment, Tier


def tier(times: list[float], labels: tuple[str, ...], spoken: bool = True) -> Tier:
    return Tier(np.array(times[:-1]), np.array(times[1:]), labels, np.full(len(labels), spoken))


def test_order_of_inputs_does_not_change_a_key_and_content_does() -> None:
    assert content_key(a=1, b="x") == content_key(b="x", a=1)
    keys = {content_key(a=1), content_key(a=2), content_key(b=1), content_key(a="1"), content_key(a=None)}
    assert len(keys) == 5


def test_each_part_of_a_producer_but_its_package_changes_its_hash() -> None:
    base = {"plugin": "x", "package": "p 1", "options": {"dim": 2}}
    others = [{**base, "plugin": "y"}, {**base, "options": {"dim": 3}}, {**base, "more": 1}]
    assert len({producer_hash(producer) for producer in [base, *others]}) == 4
    assert producer_hash({**base, "package": "p 2"}) == producer_hash(base)


def test_another_store_format_makes_every_producer_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = producer_hash({"plugin": "x"})
    monkeypatch.setattr(keys, "FORMAT_VERSION", keys.FORMAT_VERSION + 1)
    assert producer_hash({"plugin": "x"}) != before


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": float("nan")})


def test_alignments_of_equal_content_are_equal_whatever_their_source() -> None:
    words, phones = tier([0.1, 0.30000000000000004], ("yes",)), tier([0.1, 0.2, 0.3], ("Y", "EH"))
    same = Alignment(tier([0.1, 0.3], ("yes",)), phones, source="elsewhere.csv")
    assert alignment_digest(Alignment(words, phones, source="a.TextGrid")) == alignment_digest(same)


@pytest.mark.parametrize(
    "words", [tier([0.1, 0.3001], ("yes",)), tier([0.1, 0.3], ("no",)), tier([0.1, 0.3], ("yes",), spoken=False)]
)
def test_another_time_word_or_mark_is_another_alignment(words: Tier) -> None:
    phones = tier([0.1, 0.3], ("Y",))
    assert alignment_digest(Alignment(words, phones)) != alignment_digest(Alignment(tier([0.1, 0.3], ("yes",)), phones))


@pytest.mark.parametrize("rows", [[], [("a", 1.5, None)], [("ä", 1, {"b": 2, "a": 1}), ("]]", 2, None)]])
def test_a_table_is_hashed_row_by_row_as_it_would_be_whole(rows: list[object]) -> None:
    assert table_digest(["corpus", 1.0, 7.0], iter(rows)) == digest(["corpus", 1.0, 7.0, rows])


def test_a_column_of_keys_gives_back_what_was_put() -> None:
    column = KeyColumn(4)
    zeros = "00" * 30 + "0a00"  # no byte may be lost at the end
    column[1], column[2] = content_key(a=1), zeros
    assert [*column] == [None, content_key(a=1), zeros, None]
    column[1] = None
    assert (column[1], len(column)) == (None, 4)
