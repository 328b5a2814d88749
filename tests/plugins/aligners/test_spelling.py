"""Words become labels of a model: in its case, without marks that it does not have; what it cannot spell is named."""

from __future__ import annotations

import pytest
from tiny_ctc import LETTERS, save_tiny_ctc

from msftk.errors import RefusedError
from msftk_plugins.aligners.ctc_model import CtcModel
from msftk_plugins.aligners.spelling import Spelling

DELIMITER = LETTERS.index("|")


@pytest.fixture(scope="module")
def spelling(tmp_path_factory: pytest.TempPathFactory) -> Spelling:
    return Spelling(CtcModel(save_tiny_ctc(tmp_path_factory.mktemp("letters")), 30.0).tokenizer, blank=0)


def test_words_stand_between_delimiters_in_the_letters_of_the_model(spelling: Spelling) -> None:
    spelt = spelling.spell(["Don’t", "well-known"])
    assert "".join(spelt.names) == "DON'T|WELLKNOWN"
    assert [spelt.names[begin:end][0] for begin, end in spelt.words] == ["D", "W"]
    assert spelt.labels[spelt.words[0][1]] == DELIMITER


def test_every_word_and_letter_that_cannot_be_spelt_is_named_once(spelling: Spelling) -> None:
    with pytest.raises(RefusedError) as refused:
        spelling.spell(["press", "2", "Ørsted", "2"])
    assert str(refused.value) == "letters that the model does not have"
    assert refused.value.detail.startswith("the model has no 2 Ø ('2', 'Ørsted'). Spell out numbers;")


def test_the_first_pronunciation_that_the_model_has_is_taken(spelling: Spelling) -> None:
    by_sound = Spelling(spelling.tokenizer, 0, {"cat": (("K", "Æ"), ("K", "A", "T"))})
    assert by_sound.spell(["Cat"]).names == ("K", "A", "T")
    assert by_sound.delimiter is None
