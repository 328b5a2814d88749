"""Pictures of a run as SVG text: how training went, and predictions against ratings."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from msftk.types import ATTRIBUTES, Float64, RatingScale

COLOURS = {"valence": "#0072b2", "arousal": "#d55e00", "dominance": "#009e73"}  # Okabe-Ito: told apart by all


def training_svg(epochs: Sequence[Mapping[str, Any]]) -> str:
    """Training loss and dev CCC by epoch, from the lines of metrics.jsonl; dev is left out where there was none."""
    figure, (left, right) = _axes(2, (9.0, 2.8))
    number = [line["epoch"] for line in epochs]
    left.plot(number, [line["train_loss"] for line in epochs], color="#444444")
    left.set(xlabel="epoch", ylabel="training loss (sum of 1 - CCC)")
    for attribute in ATTRIBUTES:
        dev = [np.nan if (value := line["dev_ccc"].get(attribute)) is None else value for line in epochs]
        right.plot(number, dev, color=COLOURS[attribute], label=attribute)
    right.set(xlabel="epoch", ylabel="CCC on dev")
    right.legend(frameon=False, fontsize=8)
    return svg_text(figure)


def scatter_svg(values: Float64, truth: Float64, scale: RatingScale) -> str:
    """Prediction against rating, a panel an attribute: values, truth [n, attribute] on the corpus scale."""
    figure, panels = _axes(len(ATTRIBUTES), (9.0, 3.1))
    for column, (panel, attribute) in enumerate(zip(panels, ATTRIBUTES, strict=True)):
        panel.plot([scale.low, scale.high], [scale.low, scale.high], color="#bbbbbb", linewidth=1)
        panel.scatter(truth[:, column], values[:, column], s=9, alpha=0.6, color=COLOURS[attribute], linewidths=0)
        panel.set(title=attribute, xlabel="rating", ylabel="prediction" if column == 0 else "")
        panel.set_aspect("equal", adjustable="datalim")
    return svg_text(figure)


def svg_text(figure: Any) -> str:
    """The figure as an <svg> element that an HTML page can hold, with the same bytes for the same figure."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "msftk", "svg.fonttype": "none"}):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _axes(n: int, size: tuple[float, float]) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, n)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    return figure, panels
