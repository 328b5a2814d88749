from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.speech.alignment import read_alignment
from msftk.testing import check_alignment_reader

WORDS = """\t SFrm  EFrm    SegAScr Word
\t    0     1     -68685 <s>
\t    2    17     -44583 MY(2)
\t   18    42     -80499 RUDE
\t   43    76      -7453 ++LAUGHTER++
\t   77    91     -87936 O'CLOCK
\t   92   259     -55057 </s>
 Total score: -544423
"""
PHONES = """\t SFrm  EFrm  SegAScr Phone
\t    0     1    -20227 SIL
\t    2     8    -22279 M SIL AI b
\t    9    17    -66628 AI M R e
\t   18    42    -51811 +NSN+
 Total score: -790465
"""


@pytest.fixture
def wdseg(tmp_path: Path) -> Path:
    (tmp_path / "u1.wdseg").write_text(WORDS)
    (tmp_path / "u1.phseg").write_text(PHONES)
    return tmp_path / "u1.wdseg"


def test_last_frame_belongs_to_its_word(wdseg: Path) -> None:
    words = read_alignment(wdseg).words
    assert words.labels == ("<s>", "my", "rude", "++laughter++", "o'clock", "</s>")
    assert words.start_s.tolist() == [0.0, 0.02, 0.18, 0.43, 0.77, 0.92]
    assert words.end_s.tolist() == [0.02, 0.18, 0.43, 0.77, 0.92, 2.6]


def test_variants_and_noises_are_not_words(wdseg: Path) -> None:
    assert read_alignment(wdseg).spoken_words == ("my", "rude", "o'clock")


def test_phones_are_first_tokens_of_the_file_beside_it(wdseg: Path) -> None:
    phones = read_alignment(wdseg).phones
    assert phones.labels == ("SIL", "M", "AI", "+NSN+")
    assert phones.spoken.tolist() == [False, True, True, False]
    assert phones.end_s.tolist() == [0.02, 0.09, 0.18, 0.43]
    check_alignment_reader("sphinx", wdseg)
    wdseg.with_suffix(".phseg").unlink()
    assert len(read_alignment(wdseg).phones) == 0


def test_file_of_phones_leads_to_its_words(wdseg: Path) -> None:
    phseg = wdseg.with_suffix(".phseg")
    assert read_alignment(phseg).spoken_words == ("my", "rude", "o'clock")
    wdseg.unlink()
    with pytest.raises(InputError, match=r"u1\.phseg: no words beside these phones \(looked for u1\.wdseg\)\. Put"):
        read_alignment(phseg)


@pytest.mark.parametrize("row", ["18    x2     -80499 RUDE", "18    42     -80499", "42    18     -80499 RUDE"])
def test_bad_row_is_found_by_its_line(wdseg: Path, row: str) -> None:
    wdseg.write_text(WORDS.replace("18    42     -80499 RUDE", row))
    with pytest.raises(InputError, match=r"u1\.wdseg:4: found '.+', expected first frame, last frame, score and label"):
        read_alignment(wdseg)


def test_file_cut_off_or_of_another_kind_is_refused(wdseg: Path) -> None:
    wdseg.write_text(WORDS[: WORDS.index(" Total")])
    with pytest.raises(InputError, match=r"u1\.wdseg:7: the file ends without 'Total score': it was cut off\. Align"):
        read_alignment(wdseg)
    wdseg.write_text("0.1 0.2 hello\n")
    with pytest.raises(InputError, match=r"u1\.wdseg: not a Sphinx segmentation \(no line 'SFrm EFrm SegAScr'\)\."):
        read_alignment(wdseg)
