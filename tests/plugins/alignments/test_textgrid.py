from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from praatio import textgrid as praatio
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.point_tier import PointTier
from praatio.data_classes.textgrid import Textgrid

from msftk.errors import InputError
from msftk.speech.alignment import read_alignment
from msftk_plugins.alignments.textgrid import read_tiers

LONG = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "Words"
        xmin = 0
        xmax = 1.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.25
            text = ""
        intervals [2]:
            xmin = 0.25
            xmax = 0.5
            text = "say ""no"""
        intervals [3]:
            xmin = 0.75
            xmax = 1.5
            text = "2 = two"
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1.5
        intervals: size = 1
        intervals [1]:
            xmin = 0.25
            xmax = 0.5
            text = "@"
'''
SHORT = '''File type = "ooTextFile"
Object class = "TextGrid"

0
1.5
<exists>
2
"IntervalTier"
"Words"
0
1.5
3
0
0.25
""
0.25
0.5
"say ""no"""
0.75
1.5
"2 = two"
"IntervalTier"
"phones"
0
1.5
1
0.25
0.5
"@"
'''


def write(folder: Path, text: str, name: str = "s01.TextGrid") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [LONG, SHORT, "\ufeff" + LONG, SHORT.replace("\n", "\r\n"), LONG.replace("    ", ""), LONG.replace("\n", " \n")],
)
def test_long_and_short_form_read_alike(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s01.TextGrid"
    path.write_bytes(text.encode())
    alignment = read_alignment(path)
    assert alignment.words.labels == ("", 'say "no"', "2 = two")
    np.testing.assert_array_equal(alignment.words.start_s, [0, 0.25, 0.75])
    np.testing.assert_array_equal(alignment.words.end_s, [0.25, 0.5, 1.5])
    assert alignment.spoken_words == ('say "no"', "2 = two")
    assert alignment.phones.labels == ("@",)
    assert alignment.source == str(path)


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
def test_tiers_equal_those_of_praatio(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(3)
    labels = ["a", "", "b c", 'say "x"', "42", "é ß 語", "= 5", "<exists>", "tab\there", "!"]
    path = str(tmp_path / "made.TextGrid")
    grid = Textgrid()
    for name in ("words", "phones"):
        edges = np.round(np.cumsum(rng.uniform(0.02, 0.3, len(labels) + 1)), 4).tolist()
        intervals = list(zip(edges, edges[1:], labels, strict=False))
        grid.addTier(IntervalTier(name, intervals, 0, edges[-1] + 0.5))
    grid.addTier(PointTier("tones", [(0.1, "H*"), (0.2, "L%")], 0, 1))
    grid.save(path, format=form, includeBlankSpaces=True)
    theirs = praatio.openTextgrid(path, includeEmptyIntervals=True)
    ours = read_tiers(Path(path))
    assert list(ours) == ["words", "phones"]
    for name, tier in ours.items():
        entries = theirs.getTier(name).entries
        assert [(e.start, e.end) for e in entries] == list(zip(tier.start_s, tier.end_s, strict=True))
        assert [e.label for e in entries] == list(tier.labels)


def test_missing_tier_names_those_found_and_the_option(tmp_path: Path) -> None:
    path = write(tmp_path, LONG.replace('"phones"', '"phone"'))
    with pytest.raises(
        InputError,
        match=r"s01\.TextGrid: no tier named 'phones' \(found: 'Words', 'phone'\)\. Name the tier with --phone-tier "
        r"phone, or rename it in the file; for a corpus --set alignment\.phone_tier=phone\.",
    ):
        read_alignment(path)
    assert read_alignment(path, options={"phone_tier": "phone"}).phones.labels == ("@",)
    assert len(read_alignment(path, options={"phone_tier": ""}).phones) == 0
    with pytest.raises(InputError, match=r"no tier named 'tokens' \(.+\)\. Name the tier with --word-tier Words, "):
        read_alignment(path, options={"word_tier": "tokens", "phone_tier": "phone"})


def test_text_in_a_number_is_found_by_its_line(tmp_path: Path) -> None:
    long = write(tmp_path, LONG.replace("xmax = 0.5", "xmax = 0.x5", 1))
    with pytest.raises(
        InputError,
        match=r"s01\.TextGrid:21: found 0\.x5, expected the end of interval 2 of 3 in tier 'Words'\. Save the file",
    ):
        read_alignment(long)
    short = write(tmp_path, SHORT.replace("\n0.75\n", "\nn/a\n"), "short.TextGrid")
    with pytest.raises(InputError, match=r"short\.TextGrid:19: found n/a, expected the start of interval 3 of 3"):
        read_alignment(short)


@pytest.mark.parametrize("text", [LONG, SHORT])
def test_file_cut_off_says_where(tmp_path: Path, text: str) -> None:
    cut = write(tmp_path, text[: text.index("0.75")])
    with pytest.raises(InputError, match=r"s01\.TextGrid: the file ends before the start of interval 3 of 3 .+ cut"):
        read_alignment(cut)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r's01\.TextGrid: not a TextGrid \(it does not begin with "ooTextFile"'):
        read_alignment(write(tmp_path, "hello\n"))
    with pytest.raises(InputError, match=r"not a TextGrid"):
        read_alignment(write(tmp_path, ""))


@pytest.mark.parametrize("form", [LONG, SHORT])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_unicode_form_reads_alike(tmp_path: Path, form: str, encoding: str) -> None:
    path = tmp_path / "s01.TextGrid"
    path.write_bytes(form.replace("two", "zwölf 十").replace("\n", "\r\n").encode(encoding))
    assert read_alignment(path).spoken_words == ('say "no"', "2 = zwölf 十")
    path.write_bytes(b"\xfe\xff" + form.encode("utf-16-be"))
    assert read_alignment(path).spoken_words == ('say "no"', "2 = two")


def test_text_that_is_not_unicode_is_found_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "old.TextGrid"
    path.write_bytes(LONG.replace("two", "zwölf").encode("mac-roman"))
    with pytest.raises(
        InputError, match=r"old\.TextGrid:26: byte 0x9a is not UTF-8 \(.+\)\. Save it as UTF-8 \(in Praat"
    ):
        read_alignment(path)
    path.write_bytes(LONG.encode("utf-16")[:-1])
    with pytest.raises(InputError, match=r"old\.TextGrid:\d+: byte 0x0a is not UTF-16\."):
        read_alignment(path)


def test_the_only_speaker_of_an_mfa_grid_gives_the_tiers(tmp_path: Path) -> None:
    grid = LONG.replace('"Words"', '"Ann - words"').replace('"phones"', '"Ann - phones"')
    assert read_alignment(write(tmp_path, grid)).phones.labels == ("@",)
    two = write(tmp_path, grid.replace('"Ann - phones"', '"Bob - words"'), "two.TextGrid")
    with pytest.raises(InputError, match=r"no tier named 'words' \(found: 'Ann - words', 'Bob - words'\)\."):
        read_alignment(two)


def test_grid_without_tiers_finds_none(tmp_path: Path) -> None:
    path = write(tmp_path, 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<absent>\n')
    with pytest.raises(InputError, match=r"no tier named 'words' \(found: none\)"):
        read_alignment(path)


def test_suffix_is_read_in_any_case(tmp_path: Path) -> None:
    source = write(tmp_path, SHORT)
    shutil.copy(source, tmp_path / "s02.textgrid")
    assert read_alignment(tmp_path / "s02.textgrid").words.labels == read_alignment(source).words.labels
