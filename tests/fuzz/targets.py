"""What is fuzzed: TextGrids, other files (readers.py) and the kernels (kernels.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fuzz import kernels, readers  # noqa: F401  (register their targets)
from fuzz.frame import target

from msftk.speech.alignment import read_alignment
from msftk_ext.textgrid import scan
from msftk_plugins.alignments.textgrid import read_tiers, read_tiers_slowly

SHORT_GRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
1.25
<exists>
3
"IntervalTier"
"words"
0
1.25
3
0
0.5
"say ""x"" twice"
0.5
1.0123456789012345
"é ß 語"
1.0123456789012345
1.25
""
"TextTier"
"tones"
0
1.25
1
0.75
"H*"
"IntervalTier"
"phones"
0
1.25
1
0
1.25
"AA1"
"""


def _interval(number: int, label: str) -> str:
    times = f"            xmin = {number / 4} \n            xmax = {(number + 1) / 4} \n"
    return f'        intervals [{number + 1}]:\n{times}            text = "{label}" \n'


def _tier(number: int, name: str, labels: tuple[str, ...]) -> str:
    head = f'    item [{number}]:\n        class = "IntervalTier" \n        name = "{name}" \n'
    head += f"        xmin = 0 \n        xmax = 1 \n        intervals: size = {len(labels)} \n"
    return head + "".join(_interval(i, label) for i, label in enumerate(labels))


LONG_GRID = (
    'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 1 \n'
    "tiers? <exists> \nsize = 2 \nitem []: \n"
    + _tier(1, "words", ("in", "", "a long label", "yes"))
    + _tier(2, "phones", ("IH0", "N", "sil", "Y"))
)
GRIDS = (
    *(text.encode() for text in (SHORT_GRID, LONG_GRID, LONG_GRID.replace("\n", " ! a comment\r\n"))),
    LONG_GRID.encode("utf-16"),
)
GRID_PIECES = (
    b"<exists>",
    b"<absent>",
    b'"IntervalTier"',
    b'"TextTier"',
    b"!",
    b" ! ",
    b"\n!",
    b'""',
    b'= "a" ',
    b"word\n",
    b"  9  \n",
)


@target(".TextGrid", GRIDS, GRID_PIECES)
def textgrid(path: Path) -> None:
    """What the scanner reads, the slower reader reads alike; then the whole way to an alignment."""
    if scan(path.read_bytes()) is not None:
        scanned, read = read_tiers(path), read_tiers_slowly(path)
        assert list(scanned) == list(read)
        for name, tier in scanned.items():
            np.testing.assert_array_equal(tier.start_s, read[name].start_s)
            np.testing.assert_array_equal(tier.end_s, read[name].end_s)
            assert tier.labels == read[name].labels
    read_alignment(path)
