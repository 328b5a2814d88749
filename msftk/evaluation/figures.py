"""Pictures of a run as SVG text: how training went, and predictions against ratings."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from msftk.types import ATTRIBUTES, Float64, RatingScale

COLOURS = {"valence": "#0072b2", "arousal": "#d55e00", "dominance": "#009e73"}  # Okabe-Ito: told apart by all


def training_svgs(epochs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Training loss, and dev CCC where there was a dev part, by epoch: from the lines of metrics.jsonl.

    >>> epochs = [{"epoch": 1, "train_loss": 2.9, "dev_ccc": {}}, {"epoch": 2, "train_loss": 2.1, "dev_ccc": {}}]
    >>> [drawn[:4] for drawn in training_svgs(epochs)]
    ['<svg']
    """
    number = [line["epoch"] for line in epochs]
    figure, loss = _axes(4.4, 2.8)
    loss.plot(number, [line["train_loss"] for line in epochs], color="#444444")
    loss.set(xlabel="epoch", ylabel="training loss (sum of 1 - CCC)")
    drawn = [svg_text(figure)]
    if any(line["dev_ccc"] for line in epochs):
        figure, ccc = _axes(4.4, 2.8)
        for attribute in ATTRIBUTES:
            dev = [np.nan if (value := line["dev_ccc"].get(attribute)) is None else value for line in epochs]
            if np.isnan(dev).all():
                continue
            ccc.plot(number, dev, color=COLOURS[attribute], label=attribute)
        ccc.set(xlabel="epoch", ylabel="CCC on dev")
        ccc.legend(frameon=False, fontsize=8)
        drawn.append(svg_text(figure))
    return drawn


def scatter_svgs(values: Float64, truth: Float64, scale: RatingScale) -> list[str]:
    """Prediction against rating with the identity line, a picture a rated attribute, on axes of the scale's range.

    Args:
        values, truth: [n, attribute] on the corpus scale. A prediction beyond the scale lies on the edge.

    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> len(scatter_svgs(values, values, RatingScale(1, 7)))
    3
    """
    from matplotlib.ticker import MaxNLocator

    margin = 0.03 * (scale.high - scale.low)
    limits = (scale.low - margin, scale.high + margin)
    drawn = []
    for column, attribute in enumerate(ATTRIBUTES):
        if np.isnan(values[:, column] + truth[:, column]).all():
            continue
        figure, panel = _axes(3.0, 3.1)
        panel.plot([scale.low, scale.high], [scale.low, scale.high], color="#bbbbbb", linewidth=1)
        inside = np.clip(values[:, column], *limits)
        panel.scatter(
            truth[:, column], inside, s=9, alpha=0.6, color=COLOURS[attribute], linewidths=0, clip_on=False, zorder=3
        )
        panel.set(title=attribute, xlabel="rating", ylabel="prediction", xlim=limits, ylim=limits, aspect="equal")
        panel.xaxis.set_major_locator(MaxNLocator(7))
        panel.yaxis.set_major_locator(MaxNLocator(7))
        drawn.append(svg_text(figure))
    return drawn


def svg_text(figure: Any) -> str:
    """The figure as an <svg> element that an HTML page can hold, with the same bytes for the same figure.

    >>> from matplotlib.figure import Figure
    >>> svg_text(Figure()).rstrip().endswith("</svg>")
    True
    """
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "msftk", "svg.fonttype": "none"}):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _axes(width: float, height: float) -> tuple[Any, Any]:
    """A figure of that many inches with one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
