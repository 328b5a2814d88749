"""Pictures for pages: axes and lines in the ink of the page that holds them, light or dark, as SVG text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msftk.prosody.figure import INK, NO_METADATA, in_page_ink

COLOURS = {"valence": "#0072b2", "arousal": "#d55e00", "dominance": "#009e73"}  # Okabe-Ito: told apart by all
OTHERS = ("#cc79a7", "#e69f00", "#56b4e9", "#999999")  # of the same, for what is no attribute
FAINT = "#8888887f"
PAGE: dict[Any, Any] = {
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
    **dict.fromkeys(("axes.facecolor", "figure.facecolor", "savefig.facecolor"), "none"),
    "font.size": 9,
}


@contextmanager
def axes(width: float, height: float) -> Iterator[tuple[Any, Any]]:
    """A figure of that many inches with one pair of axes, drawn in ink on nothing.

    >>> with axes(2, 2) as (figure, panel):
    ...     drawn = svg_text(figure)
    >>> drawn.rstrip().endswith("</svg>"), INK in drawn
    (True, False)
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(PAGE):
        figure = Figure(figsize=(width, height), layout="constrained")
        panel = figure.subplots()
        panel.spines[["top", "right"]].set_visible(False)
        yield figure, panel


def svg_text(figure: Any) -> str:
    """The figure as an <svg> element for an HTML page, the same bytes for the same figure; ink and the
    colours of attributes are the page's own.

    >>> from matplotlib.figure import Figure
    >>> svg_text(Figure()).rstrip().endswith("</svg>")
    True
    """
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "msftk", "svg.fonttype": "none"}):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=NO_METADATA, facecolor="none")
    return in_page_ink(text.getvalue()[text.getvalue().index("<svg") :], COLOURS)
