"""Valence, arousal and dominance of a recording over time, drawn into a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msftk.evaluation.drawing import COLOURS, FAINT, axes
from msftk.extras import from_extra
from msftk.prosody.figure import check_format, write_figure
from msftk.types import RatingScale


def plot_over_time(
    name: str,
    start_s: Sequence[float],
    end_s: Sequence[float],
    values: Mapping[str, Sequence[float]],
    scale: RatingScale,
    path: Path,
) -> None:
    """Draws a line an attribute through the middles of the windows, and how far each window reaches.

    Args:
        name: of the recording.
        start_s, end_s: of each window.
        values: attribute -> one a window, on `scale`.
        path: its suffix says the format, png, svg or pdf.
    Raises:
        InputError: another suffix, a place that cannot be written, or matplotlib is not installed.

    >>> plot_over_time("talk", [0.0], [8.0], {"valence": [4.0]}, RatingScale(1, 7), Path("talk.gif"))
    Traceback (most recent call last):
    msftk.errors.InputError: talk.gif: cannot draw '.gif' files. Name a file that ends in .png, .svg or .pdf.
    """
    check_format(path)
    with from_extra("viz", "drawing"):
        import matplotlib  # noqa: F401
    middle = [(start + end) / 2 for start, end in zip(start_s, end_s, strict=True)]
    with axes(8, 3) as (figure, panel):
        for attribute, own in values.items():
            panel.hlines(own, start_s, end_s, COLOURS[attribute], alpha=0.25, linewidth=4)
            panel.plot(middle, own, color=COLOURS[attribute], marker="o", markersize=3, label=attribute)
        panel.axhline((scale.low + scale.high) / 2, color=FAINT, linewidth=0.8)
        panel.set(title=name, xlabel="s", ylabel=f"on {scale}", xlim=(0, max(end_s)), ylim=(scale.low, scale.high))
        panel.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        write_figure(figure, path)
