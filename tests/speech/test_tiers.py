from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.speech.alignment import make_tier
from msftk.speech.tiers import TierOptions, seconds, tier_alignment
from msftk.types import Tier

FILE = Path("s01.TextGrid")


def tiers(*names: str) -> dict[str, Tier]:
    return {name: make_tier([0.0], [1.0], [name]) for name in names}


def test_tiers_are_found_in_any_case_and_phones_are_those_of_the_words_speaker() -> None:
    alignment = tier_alignment(FILE, tiers("Words", "PHONES"), TierOptions())
    assert (alignment.words.labels, alignment.phones.labels) == (("Words",), ("PHONES",))
    of_a_speaker = tier_alignment(FILE, tiers("ann - words", "ann - phones", "bob - phones"), TierOptions())
    assert of_a_speaker.phones.labels == ("ann - phones",)


def test_a_file_of_words_alone_has_no_phones_unless_their_tier_was_named() -> None:
    assert len(tier_alignment(FILE, tiers("words"), TierOptions()).phones) == 0
    with pytest.raises(InputError, match=r"no tier named 'phone' \(found: 'words'\)\..*--phone-tier"):
        tier_alignment(FILE, tiers("words"), TierOptions(phone_tier="phone"))


def test_a_missing_tier_is_told_with_those_found_and_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no tier named 'words' \(found: 'word', 'phones'\)\. .*--word-tier word"):
        tier_alignment(FILE, tiers("word", "phones"), TierOptions())


def test_two_speakers_are_not_guessed_between() -> None:
    with pytest.raises(InputError, match="--word-tier 'ann - words'"):
        tier_alignment(FILE, tiers("ann - words", "bob - words"), TierOptions())


@pytest.mark.parametrize(
    ("value", "read"), [(1, 1.0), (0.5, 0.5), (True, None), ("1", None), (None, None), (10**400, None)]
)
def test_only_numbers_are_seconds(value: object, read: float | None) -> None:
    assert seconds(value) == read
