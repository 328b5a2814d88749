"""Pictures of a run: how training went, where predictions lie beside ratings, and how their errors are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from msftk.evaluation.drawing import COLOURS, FAINT, OTHERS, axes, svg_text
from msftk.types import ATTRIBUTES, Float64, RatingScale

EACH_AS_A_DOT = 2_000  # more predictions than that are counted in hexagons: the page stays small, and is read better
HEXAGONS = 36  # across

Numbers = Mapping[str, Any]


def training_svgs(folds: Mapping[str, Sequence[Numbers]]) -> list[str]:
    """Training loss, and dev CCC where there was a dev part, by epoch: fold -> lines of metrics.jsonl.

    One model's CCC is drawn by attribute; of several folds the mean over attributes, a line each.

    >>> epochs = [{"epoch": 1, "train_loss": 2.9, "dev_ccc": {}}, {"epoch": 2, "train_loss": 2.1, "dev_ccc": {}}]
    >>> [drawn[:4] for drawn in training_svgs({"": epochs})]
    ['<svg']
    """
    with axes(4.4, 2.8) as (figure, loss):
        for lines in folds.values():
            loss.plot([one["epoch"] for one in lines], [one["train_loss"] for one in lines], color="#808080")
        loss.set(xlabel="epoch", ylabel="training loss")
        drawn = [svg_text(figure)]
    if any(line["dev_ccc"] for lines in folds.values() for line in lines):
        with axes(4.4, 2.8) as (figure, ccc):
            for name in ATTRIBUTES if len(folds) == 1 else ("mean",):
                for place, lines in enumerate(folds.values()):
                    dev = [np.nan if (value := one["dev_ccc"].get(name)) is None else value for one in lines]
                    if not np.isnan(dev).all():
                        label = name if place == 0 else None
                        ccc.plot([one["epoch"] for one in lines], dev, color=COLOURS.get(name, OTHERS[0]), label=label)
            ccc.set(xlabel="epoch", ylabel="CCC on dev")
            _legend_above(ccc)
            drawn.append(svg_text(figure))
    return drawn


def scatter_svgs(values: Float64, truth: Float64, scale: RatingScale) -> list[str]:
    """Prediction against rating with the identity line, a picture a rated attribute, on axes of the scale's range.

    A dot each; of more than EACH_AS_A_DOT all are counted, in hexagons whose shade tells how many lie there.

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
        known = ~np.isnan(values[:, column] + truth[:, column])
        if not known.any():
            continue
        inside, rated = np.clip(values[known, column], *limits), truth[known, column]
        with axes(3.0, 3.1) as (figure, panel):
            if len(rated) > EACH_AS_A_DOT:
                _hexagons(panel, rated, inside, limits, COLOURS[attribute])
            else:
                dots = {"s": 9, "alpha": 0.6, "linewidths": 0, "clip_on": False, "zorder": 3}
                panel.scatter(rated, inside, color=COLOURS[attribute], **dots)
            panel.plot([scale.low, scale.high], [scale.low, scale.high], color=FAINT, linewidth=1, zorder=4)
            panel.set(title=attribute, xlabel="rating", ylabel="prediction", xlim=limits, ylim=limits, aspect="equal")
            panel.xaxis.set_major_locator(MaxNLocator(7))
            panel.yaxis.set_major_locator(MaxNLocator(7))
            drawn.append(svg_text(figure))
    return drawn


def residual_svg(parts: Mapping[str, Mapping[str, Numbers]], attributes: Sequence[str]) -> str:
    """Residuals of each part of a split: bias as a dot, a line from the 5 % to the 95 % quantile, an attribute each.

    `parts`: part -> attribute -> the fields of `Residuals`.

    >>> one = {"n": 2, "bias": 0.5, "rmse": 1.0, "quantiles": [-1.0, 0.0, 0.5, 1.0, 2.0]}
    >>> residual_svg({"f": {"valence": one}}, ["valence"])[:4]
    '<svg'
    """
    rows = {
        part: {name: (own[name]["quantiles"], own[name]["bias"]) for name in attributes} for part, own in parts.items()
    }
    return _ranges_svg(rows, "prediction − rating", zero=True)


def shares_svg(experts: Mapping[str, Mapping[str, Sequence[float]]], label: str) -> str:
    """Weights between 0 and 1 by name: a line from the 5 % to the 95 % quantile and a dot at the median.

    `experts`: name -> attribute (or what else is told apart) -> quantiles at LEVELS.

    >>> shares_svg({"film": {"valence": [0.1, 0.2, 0.3, 0.4, 0.5]}}, "routing weight")[:4]
    '<svg'
    """
    rows = {part: {name: (own, own[2]) for name, own in by.items()} for part, by in experts.items()}
    return _ranges_svg(rows, label)


def curves_svg(lines: Mapping[str, Sequence[Numbers]], x: str, y: str, labels: tuple[str, str], *, same: bool) -> str:
    """A line an attribute through points with the fields `x` and `y`; `same`: with the line on which both are equal.

    >>> curves_svg({"valence": [{"a": 1.0, "b": 2.0}]}, "a", "b", ("a", "b"), same=True)[:4]
    '<svg'
    """
    with axes(4.0, 3.0) as (figure, panel):
        for name, points in lines.items():
            found = [one[x] for one in points], [one[y] for one in points]
            panel.plot(*found, color=COLOURS[name], label=name, marker=".", markersize=5)
        if same:
            ends = [min(panel.get_xlim()[0], panel.get_ylim()[0]), max(panel.get_xlim()[1], panel.get_ylim()[1])]
            panel.plot(ends, ends, color=FAINT, linewidth=1)
        panel.set(xlabel=labels[0], ylabel=labels[1])
        _legend_above(panel)
        return svg_text(figure)


def systems_svg(systems: Mapping[str, tuple[float, float, float]]) -> str:
    """Mean CCC of each system with its interval: name -> (value, low, high), NaN where there is no interval.

    >>> systems_svg({"film": (0.5, 0.4, 0.6)})[:4]
    '<svg'
    """
    rows = {name: {"mean": ([low, low, value, high, high], value)} for name, (value, low, high) in systems.items()}
    return _ranges_svg(rows, "CCC, mean of attributes [95 %]")


def _ranges_svg(
    rows: Mapping[str, Mapping[str, tuple[Sequence[float], float]]], label: str, *, zero: bool = False
) -> str:
    """A row a name; in it, by attribute, a line between the outer quantiles and a dot."""
    names = list(dict.fromkeys(name for own in rows.values() for name in own))
    with axes(5.6, 0.9 + 0.34 * len(rows)) as (figure, panel):
        if zero:
            panel.axvline(0, color=FAINT, linewidth=1)
        for place, own in enumerate(rows.values()):
            for k, name in enumerate(names):
                if name not in own:
                    continue
                (low, *_, high), dot = own[name]
                y, colour = place + 0.22 * (k - (len(names) - 1) / 2), COLOURS.get(name, OTHERS[0])
                told = name if place == 0 and len(names) > 1 else None
                panel.plot([low, high], [y, y], color=colour, linewidth=2, alpha=0.55, solid_capstyle="round")
                panel.plot([dot], [y], color=colour, marker="o", markersize=4, linestyle="", label=told)
        panel.set(xlabel=label, ylim=(len(rows) - 0.4, -0.6))
        panel.set_yticks(range(len(rows)), list(rows), parse_math=False)
        if len(names) > 1:
            _legend_above(panel)
        return svg_text(figure)


def _legend_above(panel: Any) -> None:
    panel.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(ATTRIBUTES))


def _hexagons(panel: Any, rated: Float64, said: Float64, limits: tuple[float, float], colour: str) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("shades", [colour + "22", colour])
    panel.hexbin(
        rated, said, gridsize=HEXAGONS, extent=(*limits, *limits), bins="log", mincnt=1, cmap=shades, linewidths=0
    )
