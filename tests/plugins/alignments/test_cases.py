"""Alignments as aligners and people leave them: each is read, or refused with a remedy that works when it is pasted."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.recipes.emphasis import emphasise_file
from msftk.speech.alignment import read_alignment

CASES = Path(__file__).parents[2] / "fixtures" / "cases"
WORDS = ("red", "boat", "left")


def option_of(message: str) -> dict[str, object]:
    """The reader's option that the message tells to use."""
    flags = re.search(r"--(word-tier|phone-tier) (\"\"|'[^']*'|\S+)", message)
    assert flags
    name, value = shlex.split(flags.group())
    return {name.removeprefix("--").replace("-", "_"): value.rstrip(",.")}


@pytest.mark.parametrize(
    "name",
    [
        "a.TextGrid",
        "words-only.TextGrid",
        "minus-a-tenth-us.TextGrid",
        "silence-without-length.TextGrid",
        "over-the-end-33-ms.TextGrid",
        "mfa.csv",
        "a_words.csv",
    ],
)
def test_the_three_words_are_stressed_alike(name: str) -> None:
    found = emphasise_file(CASES / "a.flac", CASES / name).emphasis
    assert found.prosody.words == WORDS
    assert found.prosody.end_s[-1] <= 1.0755
    assert found.top == emphasise_file(CASES / "a.flac", CASES / "a.TextGrid").emphasis.top
    assert found.prosody.guessed_duration.all() == (name in ("words-only.TextGrid", "mfa.csv", "a_words.csv"))


def test_remedies_for_two_speakers_work_when_pasted() -> None:
    grid = CASES / "two-speakers.TextGrid"
    with pytest.raises(InputError, match=r"Name the tier with --word-tier 'anna - words'") as refused:
        read_alignment(grid)
    assert read_alignment(grid, options=option_of(str(refused.value))).spoken_words == ("red",)


def test_a_file_without_the_phones_that_were_named_says_how_to_read_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no tier named 'sounds'") as refused:
        read_alignment(CASES / "words-only.TextGrid", options={"phone_tier": "sounds"})
    assert option_of(str(refused.value)) == {"phone_tier": ""}
    assert len(read_alignment(CASES / "words-only.TextGrid", options={"phone_tier": ""}).phones) == 0


def test_mfa_csv_of_two_speakers_has_tiers_as_their_textgrids(tmp_path: Path) -> None:
    path = tmp_path / "u1.csv"
    path.write_text("Begin,End,Label,Type,Speaker\n0,1,red,words,anna\n0,0.5,R,phones,anna\n0,1,blue,words,ben\n")
    with pytest.raises(InputError) as refused:
        read_alignment(path)
    alignment = read_alignment(path, options=option_of(str(refused.value)))
    assert (alignment.spoken_words, alignment.phones.labels) == (("red",), ("R",))
    path.write_text("Begin,End,Label,Type\n0,late,red,words\n")
    with pytest.raises(InputError, match=r"u1\.csv:2: End is 'late', expected seconds\."):
        read_alignment(path)


WHISPERX = {
    "segments": [
        {
            "start": 0.1,
            "end": 0.6,
            "text": " red 7",
            "words": [{"word": "red", "start": 0.1, "end": 0.3}, {"word": "7"}],
        },
        {
            "start": 0.6,
            "end": 0.9,
            "text": " left",
            "words": [{"word": " left", "start": 0.645, "end": 0.846, "score": 1}],
        },
    ],
    "word_segments": [],
    "language": "en",
}
GENTLE = {
    "transcript": "red boat",
    "words": [
        {
            "case": "success",
            "word": "red",
            "alignedWord": "red",
            "start": 0.1,
            "end": 0.36,
            "phones": [{"duration": 0.1, "phone": "r_B"}, {"duration": 0.16, "phone": "d_E"}],
        },
        {"case": "not-found-in-audio", "word": "boat"},
    ],
}


def test_words_of_whisperx_and_gentle_are_read(tmp_path: Path) -> None:
    path = tmp_path / "u1.json"
    path.write_text(json.dumps(WHISPERX))
    alignment = read_alignment(path)
    assert (alignment.spoken_words, alignment.words.end_s.tolist()) == (("red", "left"), [0.3, 0.846])
    assert len(alignment.phones) == 0
    path.write_text(json.dumps(GENTLE))
    alignment = read_alignment(path)
    assert (alignment.spoken_words, alignment.phones.labels) == (("red",), ("r", "d"))
    np.testing.assert_allclose(alignment.phones.start_s, [0.1, 0.2])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"words": [{"word": "red", "start": "0", "end": 1}]}, "word 1 is"),
        ({"words": [{"word": "red", "start": 0, "end": 10**400}]}, "word 1 is"),
        ({"words": [{"word": "red", "start": True, "end": 1}]}, "word 1 is"),
        ({"words": [7]}, "word 1 is 7, expected its word, start and end in seconds"),
        ({"words": [{"word": "red", "start": 0, "end": 1, "phones": [{"phone": "r"}]}]}, "a phone of word 1 is"),
        ({"tiers": {"words": {"type": "interval", "entries": [[0, 10**400, "a"]]}}}, "entry 1 of tier 'words'"),
        ({"segments": [{"text": "no words"}]}, "so not an alignment"),
    ],
)
def test_json_of_another_form_says_where(tmp_path: Path, content: object, said: str) -> None:
    path = tmp_path / "u1.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as refused:
        read_alignment(path)
    assert said in str(refused.value)
    assert "u1.json" in str(refused.value)
