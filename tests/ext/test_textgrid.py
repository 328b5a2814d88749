"""The TextGrid scanner against the slower reader and praatio, on files as they are written and as they are broken."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from praatio import textgrid as praatio
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.point_tier import PointTier
from praatio.data_classes.textgrid import Textgrid

from msftk.errors import InputError
from msftk.speech.alignment import read_alignment
from msftk.types import Alignment, Tier
from msftk_ext.textgrid import scan
from msftk_plugins.alignments.textgrid import read_tiers, read_tiers_slowly

LABELS = (
    "a",
    "",
    "b c",
    'say "x"',
    '""',
    "42",
    "é ß 語",
    "= 5",
    "<exists>",
    "tab\there",
    "two\nlines",
    "!",
    "-",
    "1e5",
)


def made(folder: Path, form: str, seed: int = 3) -> Path:
    """A TextGrid as praatio writes it: words and phones, and a tier of points between them."""
    rng = np.random.default_rng(seed)
    grid = Textgrid()
    for name in ("words", "tones", "phones"):
        edges = np.round(np.cumsum(rng.uniform(0.02, 0.3, len(LABELS) + 1)), int(rng.integers(2, 17))).tolist()
        if name == "tones":
            grid.addTier(PointTier(name, [(edges[0], 'H"*'), (edges[3], "L%")], 0, edges[-1]))
        else:
            grid.addTier(IntervalTier(name, list(zip(edges, edges[1:], LABELS, strict=False)), 0, edges[-1] + 0.5))
    path = folder / f"{form}{seed}.TextGrid"
    grid.save(str(path), format=form, includeBlankSpaces=True)
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("grids")
    return {form: made(folder, form).read_bytes() for form in ("long_textgrid", "short_textgrid")}


def same(one: dict[str, Tier], other: dict[str, Tier]) -> None:
    assert list(one) == list(other)
    for name, tier in one.items():
        np.testing.assert_array_equal(tier.start_s, other[name].start_s)
        np.testing.assert_array_equal(tier.end_s, other[name].end_s)
        assert tier.labels == other[name].labels


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
@pytest.mark.parametrize("seed", range(8))
def test_what_praatio_writes_is_scanned_as_praatio_and_the_slower_reader_read_it(
    tmp_path: Path, form: str, seed: int
) -> None:
    path = made(tmp_path, form, seed)
    scanned = scan(path.read_bytes())
    theirs = praatio.openTextgrid(str(path), includeEmptyIntervals=True)
    assert [name for name, _, _ in scanned] == ["words", "phones"]
    for name, times_s, labels in scanned:
        entries = theirs.getTier(name).entries
        assert [[e.start, e.end] for e in entries] == times_s.T.tolist()
        assert [e.label for e in entries] == [label.strip() for label in labels]
    same(read_tiers(path), read_tiers_slowly(path))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark_change_nothing(tmp_path: Path, line_end: bytes, mark: bytes) -> None:
    text = b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<exists>\n1\n'
    text += b'"IntervalTier"\n"words"\n0\n1\n2\n0\n0.5\n"a"\n0.5\n1.\n"b"\n'
    path = tmp_path / "a.TextGrid"
    path.write_bytes(mark + text.replace(b"\n", line_end))
    ((name, times_s, labels),) = scan(path.read_bytes())
    assert (name, times_s.tolist(), labels) == ("words", [[0, 0.5], [0.5, 1]], ["a", "b"])
    same(read_tiers(path), read_tiers_slowly(path))


def test_the_comment_before_an_interval_may_change_at_any_of_them(tmp_path: Path) -> None:
    """What repeats is passed over unread, so it must be noticed where it does not repeat."""
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<exists>\n1\n"IntervalTier"\n"words"\n0\n1\n'
    usual = "\n  intervals [{i}]:\n    xmin = {start}\n    xmax = {end}\n    text = {text}"
    others = (
        "\n  intervals [{i}] [7]:\n    xmin = {start}\n    xmax = {end}\n    text = {text} ",
        "\n  intervals []:\n    xmin = {start}\n    xmax = {end}\n    text = {text}",
        "\n  intervals [ {i}]:\n    xmin ={start} \n  xmax = +{end}\n    text = {text}",
        "\n  intervals [{i}]:\n    xmin = {start}0\n    xmax = {end}e0\n    text = {text} !",
        "\n{start}\n{end}\n{text}",
        " {start} {end} {text}",
    )
    texts = (
        '"a"',
        '"in seven"',
        '"1234567"',
        '"é語"',
        '""',
        '"say ""x"""',
        '"""x"',
        '"tab\there"',
        '"a\nb"',
        '"12345678"',
    )
    for other in others:
        lines = [(other if i % 4 == 3 else usual) for i in range(2 * len(texts))]
        entries = [
            line.format(i=i, start=i / 8, end=(i + 1) / 8, text=texts[i % len(texts)]) for i, line in enumerate(lines)
        ]
        path = tmp_path / "a.TextGrid"
        path.write_text(f"{head}{len(entries)}{''.join(entries)}\n", encoding="utf-8")
        ((_, times_s, labels),) = scan(path.read_bytes())
        assert times_s.tolist() == [[i / 8 for i in range(len(lines))], [(i + 1) / 8 for i in range(len(lines))]]
        assert labels == [texts[i % len(texts)][1:-1].replace('""', '"') for i in range(len(lines))]
        same(read_tiers(path), read_tiers_slowly(path))


@pytest.mark.parametrize("number", ["1.5.2", "1-2", "12x", ".", "-", "[4"])
def test_what_is_no_number_is_refused_among_comments_that_repeat(tmp_path: Path, number: str) -> None:
    entry = '\n  intervals [{i}]:\n    xmin = {i}\n    xmax = {end}\n    text = "a"'
    entries = [entry.format(i=i, end=number if i == 3 else i + 1) for i in range(5)]
    head = '"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "words" 0 1 5'
    path = tmp_path / "a.TextGrid"
    path.write_text(f"{head}{''.join(entries)}\n")
    assert scan(path.read_bytes()) is None
    with pytest.raises(
        InputError, match=r"a\.TextGrid:16: found .*, expected the end of interval 4 of 5 in tier 'words'"
    ):
        read_alignment(path)


def test_labels_that_share_a_place_in_memory_are_told_apart() -> None:
    labels = [f"{i:x}" for i in range(5000)]
    entries = " ".join(f'{i} {i + 1} "{label}"' for i, label in enumerate(labels))
    raw = f'"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "w" 0 1 5000 {entries}'.encode()
    for _ in range(2):
        ((_, _, found),) = scan(raw)
        assert found == labels


def test_what_follows_an_exclamation_mark_is_comment_to_the_end_of_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(
        '! 7 "made by hand" <absent>\n"ooTextFile"! 3\n"TextGrid"\n0 ! "start" 5\n1\n<exists> !\n1\n"IntervalTier"\n'
        '"words"\n0\n1\n2\nxmin = ! = 9\n0\nyes! 0.5 "a!b" ! "c"\n!! 0 0 "d"\n0.5 1 "! e" ! 4'
    )
    ((name, times_s, labels),) = scan(path.read_bytes())
    assert (name, times_s.tolist(), labels) == ("words", [[0, 0.5], [0.5, 1]], ["a!b", "! e"])
    same(read_tiers(path), read_tiers_slowly(path))


HEAD = '"ooTextFile"\n"TextGrid"\n0\n1\n<exists>\n1\n"IntervalTier"\n"words"\n0\n1\n'


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("1\n<exists>\n", "12: found <exists>, expected the start of interval 1 of 1 in tier 'words'"),
        ("1\n0\n<absent>\n", "13: found <absent>, expected the end of interval 1 of 1 in tier 'words'"),
        ("1\n0\n1\n<exists>\n", "14: found <exists>, expected the text of interval 1 of 1 in tier 'words'"),
        ("<exists>\n", "11: found <exists>, expected the size of tier 'words'"),
        ('"1"\n', "11: found \"1\", expected the size of tier 'words'"),
    ],
)
def test_a_flag_or_a_text_where_a_number_belongs_is_named(tmp_path: Path, after: str, said: str) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(HEAD + after)
    assert scan(path.read_bytes()) is None
    with pytest.raises(InputError) as refused:
        read_alignment(path)
    assert f"a.TextGrid:{said}" in str(refused.value)


def test_a_grid_without_tiers_is_scanned() -> None:
    assert scan(b'"ooTextFile" "TextGrid" 0 1 <absent>') == []


numerals = st.one_of(
    st.floats(0, 1e6).map(repr),
    st.from_regex(r"[-+]?([0-9]{1,25}\.?[0-9]{0,25}|\.[0-9]{1,25})([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)


@settings(deadline=None, max_examples=300)
@given(numerals)
def test_numbers_are_rounded_as_python_rounds_them(numeral: str) -> None:
    grid = f'"ooTextFile" "TextGrid" 0 1 <exists> 1 "IntervalTier" "w" 0 1 1 {numeral} 1 "a"'
    ((_, times_s, _),) = scan(grid.encode())
    assert times_s[0, 0] == float(numeral)
    assert np.signbit(times_s[0, 0]) == np.signbit(float(numeral))


PIECES = (
    *(b'"', b'""', b"=", b"\n", b" ", b"\t", b"\r", b"0", b"-1", b"1e999", b"nan", b"inf", b"<exists>", b"<absent>"),
    *(b"\x00", b"\xff", b"\xc3", "\u00a0".encode(), "\u2028".encode(), "\u0663".encode(), b"\x0c", b"\x1c", b":"),
    *(
        b'"IntervalTier"',
        b'"TextTier"',
        b"99999999999",
        b"-3",
        b"2.5",
        b"1_0",
        b"0x10",
        b'= "a" ',
        b"word\n",
        b"!",
        b" ! ",
        b"\n!",
    ),
    *(b"  9  \n", b"xmin = 0.x"),
)


def mutate(raw: bytes, draw: st.DataObject) -> bytes:
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(raw)))
        length = draw.draw(st.integers(0, 30))
        edit = draw.draw(st.sampled_from(["insert", "replace", "delete", "copy", "cut"]))
        piece = draw.draw(st.sampled_from(PIECES)) if edit in ("insert", "replace") else b""
        if edit == "copy":
            other = draw.draw(st.integers(0, len(raw)))
            piece, length = raw[other : other + 40], 0
        raw = raw[:at] if edit == "cut" else raw[:at] + piece + raw[at + (length if edit != "insert" else 0) :]
    return raw


def alignment_or_error(path: Path) -> Alignment | InputError:
    try:
        return read_alignment(path)
    except InputError as error:
        return error


@settings(deadline=2000, max_examples=400)
@given(st.data(), st.sampled_from(["long_textgrid", "short_textgrid"]))
def test_a_broken_file_is_read_alike_or_refused_with_its_place(
    written: dict[str, bytes], data: st.DataObject, form: str
) -> None:
    raw = mutate(written[form], data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.TextGrid"
        path.write_bytes(raw)
        if scan(raw) is not None:
            same(read_tiers(path), read_tiers_slowly(path))
        found = alignment_or_error(path)
        assert isinstance(found, Alignment) or str(found).startswith(str(path))


@settings(deadline=2000, max_examples=200)
@given(st.lists(st.sampled_from([*PIECES, b'"ooTextFile"', b'"TextGrid"', b"1", b" 0.5 "]), max_size=40).map(b"".join))
def test_any_bytes_are_scanned_or_left_to_the_slower_reader(raw: bytes) -> None:
    scan(raw)
    scan(b'"ooTextFile" "TextGrid" 0 1 <exists> 2 ' + raw)


@pytest.mark.parametrize(
    ("count", "said"), [("-3", "found -3"), ("2.5", "found 2.5"), ("1e999", "found 1e999"), ("many", "found many")]
)
def test_a_count_must_be_a_whole_number(tmp_path: Path, count: str, said: str) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(f'"ooTextFile"\n"TextGrid"\n0\n1\n<exists>\n1\n"IntervalTier"\n"words"\n0\n1\n{count}\n0\n1\n"a"\n')
    with pytest.raises(InputError, match=rf"a\.TextGrid:11: {said}, expected the size of tier 'words'"):
        read_alignment(path)
    path.write_text(f'"ooTextFile"\n"TextGrid"\n0\n1\n<exists>\n{count}\n')
    with pytest.raises(InputError, match=rf"a\.TextGrid:6: {said}, expected the number of tiers"):
        read_alignment(path)


def test_a_long_run_of_digits_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text('"ooTextFile" "TextGrid" 0 1 <exists> ' + "1" * 200_000 + "x")
    with pytest.raises(InputError, match="the file ends before the number of tiers"):
        read_alignment(path)
