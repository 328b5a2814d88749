from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.point_tier import PointTier
from praatio.data_classes.textgrid import Textgrid

from msftk.errors import InputError
from msftk.speech.alignment import read_alignment
from msftk.testing import check_alignment_reader

WORDS = [[0.0, 0.25, "say"], [0.25, 0.5, "zwölf"]]
PHONES = [[0.0, 0.1, "S"], [0.1, 0.25, "EY"], [0.25, 0.5, "spn"]]


def write(folder: Path, tiers: Any, encoding: str = "utf-8") -> Path:
    path = folder / "u1.json"
    path.write_bytes(json.dumps({"start": 0.0, "end": 0.5, "tiers": tiers}, ensure_ascii=False).encode(encoding))
    return path


def tier(entries: list[Any], kind: str = "interval") -> dict[str, Any]:
    return {"type": kind, "entries": entries}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_words_and_phones_of_mfa(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, {"words": tier(WORDS), "phones": tier(PHONES)}, encoding)
    alignment = read_alignment(path)
    assert alignment.spoken_words == ("say", "zwölf")
    assert alignment.words.end_s.tolist() == [0.25, 0.5]
    assert alignment.phones.spoken.tolist() == [True, True, False]
    check_alignment_reader("mfa-json", path)


def test_tiers_of_a_speaker_and_by_option(tmp_path: Path) -> None:
    path = write(tmp_path, {"Ann - words": tier(WORDS), "Ann - phones": tier(PHONES)})
    assert len(read_alignment(path).phones) == 3
    path = write(tmp_path, {"Tokens": tier(WORDS), "marks": tier([[0.1, "x"]], "point")})
    assert read_alignment(path, options={"word_tier": "tokens", "phone_tier": ""}).spoken_words == ("say", "zwölf")
    with pytest.raises(InputError, match=r"u1\.json: no tier named 'words' \(found: 'Tokens'\)\. Name the tier with"):
        read_alignment(path)


@pytest.mark.parametrize("form", ["json", "textgrid_json"])
def test_both_json_forms_of_praatio_are_read(tmp_path: Path, form: str) -> None:
    grid = Textgrid()
    for name, entries in (("words", WORDS), ("phones", PHONES)):
        grid.addTier(IntervalTier(name, [tuple(entry) for entry in entries], 0, 0.5))
    grid.addTier(PointTier("tones", [(0.1, "H*")], 0, 0.5))
    path = tmp_path / "made.json"
    grid.save(str(path), format=form, includeBlankSpaces=False)
    alignment = read_alignment(path)
    columns = (alignment.words.start_s, alignment.words.end_s, alignment.words.labels)
    assert [list(row) for row in zip(*columns, strict=True)] == WORDS
    assert alignment.phones.labels == ("S", "EY", "spn")


def test_bad_forms_say_where(tmp_path: Path) -> None:
    path = write(tmp_path, {"words": tier([*WORDS, [0.5, "end", "x"]]), "phones": tier(PHONES)})
    with pytest.raises(
        InputError,
        match=r"u1\.json: entry 3 of tier 'words' is \[0\.5, \"end\", \"x\"\], expected \[start, end, label\]",
    ):
        read_alignment(path)
    path.write_text('{"tiers":\n {"words": ]')
    with pytest.raises(InputError, match=r"u1\.json:2: not JSON \(Expecting value\)\. Write the file again\."):
        read_alignment(path)
    path.write_text('{"segments": []}')
    with pytest.raises(InputError, match=r'u1\.json: neither "tiers" of intervals .+ so not an alignment'):
        read_alignment(path)
