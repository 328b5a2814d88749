from __future__ import annotations

from msftk.evaluation.drawing import axes, svg_text
from msftk.prosody.figure import INK


def test_ink_is_that_of_the_page_and_the_ground_is_left_free() -> None:
    with axes(2, 2) as (figure, panel):
        panel.plot([0, 1], [0, 1], color="#0072b2", label="a line")
        panel.set(title="title", xlabel="across")
        panel.legend()
        svg = svg_text(figure)
    assert INK not in svg
    assert svg.count("currentColor") > 8
    assert "#ffffff" not in svg.replace("fill: #ffffff; opacity: 0.8", "")  # but for the legend's own ground
    assert "#000000" not in svg


def test_the_same_figure_gives_the_same_bytes() -> None:
    def drawn() -> str:
        with axes(2, 2) as (figure, panel):
            panel.plot([0, 1], [1, 0], marker="o")
            return svg_text(figure)

    assert drawn() == drawn()
