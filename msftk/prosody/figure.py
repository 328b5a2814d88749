"""The paper's Fig. 2 of one utterance: log-F0 and energy over time, its words, and which of them are stressed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from msftk.errors import InputError
from msftk.extras import from_extra
from msftk.files import writing
from msftk.prosody.ragged import HOP
from msftk.prosody.words import frame_energy
from msftk.types import SAMPLE_RATE_HZ, Emphasis, Float32, Float64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
TOP_WORDS = 3  # paper Fig. 2
INK, FAINT, PITCH, ENERGY, STRESS = "#22262e", "#c9ccd3", "#1f5fa8", "#4b7a5a", "#d9480f"
COLOURS = {"pitch": PITCH, "energy": ENERGY, "stress": STRESS}  # by their name in the style of pages
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # of an SVG in a page: equal bytes, and no link
SHADE = (0.34, 0.20, 0.11)  # opacity of the highest, second and third word
WORD_ROW_INCHES = 0.22
HZ_TICKS = (60, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800)


def plot_emphasis(utterance_id: str, waveform: Float32, f0_hz: Float64, emphasis: Emphasis, path: Path) -> None:
    """Draws log-F0 with the three highest words shaded and the segment outlined, energy below, words between.

    Args:
        waveform: [samples] mono at 16 kHz; f0_hz: [frames] on the 5 ms grid, 0 = unvoiced (a gap in the curve).
        path: its suffix says the format: png, svg or pdf.
    Raises:
        InputError: another suffix, a place that cannot be written, or matplotlib is not installed.

    >>> plot_emphasis("a", np.zeros(0), np.zeros(0), None, Path("a.gif"))
    Traceback (most recent call last):
    msftk.errors.InputError: a.gif: cannot draw '.gif' files. Name a file that ends in .png, .svg or .pdf.
    """
    check_format(path)
    write_figure(_figure(utterance_id, waveform, f0_hz, emphasis), path)


def check_format(path: Path) -> None:
    """Raises InputError for a suffix that nothing here draws; ask before the work.

    >>> check_format(Path("a.PNG"))
    """
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise InputError(f"{path}: cannot draw '{path.suffix}' files. Name a file that ends in .png, .svg or .pdf.")


def write_figure(figure: Figure, path: Path) -> None:
    """Writes a figure as the suffix of `path` says. Raises InputError as `plot_emphasis`.

    >>> from tempfile import TemporaryDirectory
    >>> from matplotlib.figure import Figure
    >>> with TemporaryDirectory() as folder:
    ...     write_figure(Figure(), Path(folder) / "a.svg")
    """
    with writing(path, "--plot"):
        figure.savefig(path, format=path.suffix.lower().removeprefix("."), dpi=160, facecolor="white")


def emphasis_svg(utterance_id: str, waveform: Float32, f0_hz: Float64, emphasis: Emphasis) -> str:
    """The same figure as one `<svg>` element for an HTML page, light or dark; equal input gives equal text.

    >>> from msftk.prosody.stress import emphasis
    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> silence, unvoiced = np.zeros(16_000, np.float32), np.zeros(201)
    >>> emphasis_svg("a", silence, unvoiced, emphasis(silence, 16_000, aligned, f0_hz=unvoiced))[:4]
    '<svg'
    """
    figure = _figure(utterance_id, waveform, f0_hz, emphasis)
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": utterance_id}):  # ids of one page's figures must not clash
        figure.savefig(buffer, format="svg", metadata=NO_METADATA, facecolor="none")
    text = buffer.getvalue()
    return in_page_ink(text[text.index("<svg") :])


def in_page_ink(svg: str, colours: Mapping[str, str] = COLOURS) -> str:
    """What is drawn in ink takes the colour of the text around it, and `colours` those of that name in the page's
    style, light or dark.

    >>> in_page_ink('<path style="fill: #1f5fa8; stroke: #22262e"/>')
    '<path style="fill: var(--pitch); stroke: currentColor"/>'
    """
    for name, colour in colours.items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg.replace(INK, "currentColor")


def _figure(utterance_id: str, waveform: Float32, f0_hz: Float64, emphasis: Emphasis) -> Figure:
    with from_extra("viz", "drawing"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    duration_s = len(waveform) / SAMPLE_RATE_HZ
    width = float(np.clip(4.5 + 1.6 * duration_s, 7.5, 16))
    figure = Figure(figsize=(width, 5))
    FigureCanvasAgg(figure)
    rows = _word_rows(figure, emphasis, duration_s, width - 1.85)
    strip = WORD_ROW_INCHES * (max(rows) + 1) + 0.12
    figure.set_size_inches(width, 4.5 + strip)
    panels = figure.add_gridspec(
        3, 1, height_ratios=(2.1, strip, 1.15), hspace=0.0,
        left=0.95 / width, right=1 - 0.9 / width, top=1 - 0.75 / (4.5 + strip), bottom=0.55 / (4.5 + strip),
    )  # fmt: skip
    pitch = figure.add_subplot(panels[0])
    words = figure.add_subplot(panels[1], sharex=pitch)
    energy = figure.add_subplot(panels[2], sharex=pitch)
    _draw_pitch(pitch, f0_hz)
    _draw_words(words, emphasis, rows)
    _draw_energy(energy, waveform)
    _mark(pitch, words, energy, emphasis, rows)
    pitch.set_xlim(0, duration_s)
    _title(pitch, utterance_id, emphasis)
    return figure


def _draw_pitch(axes: Axes, f0_hz: Float64) -> None:
    voiced = f0_hz > 0
    log_f0 = np.full(len(f0_hz), np.nan)  # NaN: the line breaks where there is no voice
    log_f0[voiced] = np.log(f0_hz[voiced])
    axes.plot(np.arange(len(f0_hz)) * 0.005, log_f0, color=PITCH, linewidth=1.8, solid_capstyle="round")
    low, high = (log_f0[voiced].min(), log_f0[voiced].max()) if voiced.any() else (np.log(80), np.log(300))
    margin = max(0.12 * (high - low), 0.08)
    axes.set_ylim(low - margin, high + 1.6 * margin)
    axes.set_ylabel("log-F0 (ln Hz)", color=INK)
    if not voiced.any():
        axes.text(0.5, 0.5, "no voiced frame", transform=axes.transAxes, ha="center", color=INK)
    hertz = axes.secondary_yaxis("right", functions=(np.exp, lambda hz: np.log(np.maximum(hz, 1e-3))))
    hertz.set_yticks([tick for tick in HZ_TICKS if low - margin <= np.log(tick) <= high + 1.6 * margin])
    hertz.set_yticks([], minor=True)
    hertz.set_ylabel("F0 (Hz)", color=INK)
    hertz.tick_params(colors=INK, labelsize=9)
    hertz.spines["right"].set_visible(False)
    _plain(axes)
    axes.tick_params(labelbottom=False, bottom=False)
    axes.spines["bottom"].set_visible(False)


def _draw_energy(axes: Axes, waveform: Float32) -> None:
    energy, _ = frame_energy([waveform])
    centre_s = (np.arange(len(energy)) + 1) * HOP / SAMPLE_RATE_HZ
    axes.fill_between(centre_s, energy, color=ENERGY, alpha=0.18, linewidth=0)
    axes.plot(centre_s, energy, color=ENERGY, linewidth=1.3)
    axes.set_ylim(0, 1.12 * max(float(energy.max()), 1e-6))
    axes.locator_params(axis="y", nbins=4)
    axes.set_ylabel("energy\n(STFT L2 norm)", color=INK)
    axes.set_xlabel("time (s)", color=INK)
    _plain(axes)


def _draw_words(axes: Axes, emphasis: Emphasis, rows: list[int]) -> None:
    """Each word under the middle of its sound; one that would touch its neighbour goes a row lower."""
    n_rows = max(rows) + 1
    rank = _ranks(emphasis)
    axes.set_ylim(n_rows, 0)
    for i, word in enumerate(emphasis.prosody.words):
        middle_s = float(emphasis.prosody.start_s[i] + emphasis.prosody.end_s[i]) / 2
        stressed = rank[i] < TOP_WORDS
        axes.text(
            middle_s, rows[i] + 0.5, word, ha="center", va="center", fontsize=10, clip_on=False, parse_math=False,
            color=STRESS if stressed else INK, fontweight="bold" if stressed else "normal",
        )  # fmt: skip
    axes.set_yticks([])
    axes.tick_params(labelbottom=False, bottom=False)
    axes.patch.set_visible(False)  # else it hides the outline's foot
    for spine in axes.spines.values():
        spine.set_visible(False)


def _mark(pitch: Axes, words: Axes, energy: Axes, emphasis: Emphasis, rows: list[int]) -> None:
    """Shades the highest words through all panels, with scores in the words' rows, and outlines the segment."""
    from matplotlib.patches import Patch, Rectangle

    prosody, rank = emphasis.prosody, _ranks(emphasis)
    n_top = min(TOP_WORDS, len(prosody.words))
    for i, place in enumerate(rank):
        start_s, end_s = float(prosody.start_s[i]), float(prosody.end_s[i])
        for axes in (pitch, energy):
            for edge_s in (start_s, end_s):
                axes.axvline(edge_s, color=FAINT, linewidth=0.6, zorder=0)
        if place < n_top:
            for axes in (pitch, words, energy):
                axes.axvspan(start_s, end_s, color=STRESS, alpha=SHADE[place], linewidth=0, zorder=0)
            pitch.text(
                (start_s + end_s) / 2, 0.975 - 0.07 * rows[i], f"{emphasis.score[i]:+.2f}",
                transform=pitch.get_xaxis_transform(), ha="center", va="top", fontsize=8.5, color=STRESS,
                fontweight="bold" if place == 0 else "normal",
            )  # fmt: skip
    start_s, end_s = float(prosody.start_s[emphasis.first]), float(prosody.end_s[emphasis.last])
    outline: dict[str, Any] = {"fill": False, "edgecolor": STRESS, "linewidth": 1.8}
    on_panel = pitch.get_xaxis_transform()  # x in seconds, y from the panel's foot to its head
    pitch.add_patch(Rectangle((start_s, 0), end_s - start_s, 1, transform=on_panel, clip_on=False, zorder=5, **outline))
    top = "highest word" if n_top == 1 else f"{n_top} highest words, with score"
    handles = [
        Patch(facecolor=STRESS, alpha=SHADE[1], label=top),
        Patch(label="emphasis segment", **outline),
    ]
    pitch.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1, 1.01),
        ncols=2,
        frameon=False,
        fontsize=9,
        borderpad=0.2,
        labelcolor=INK,
    )


def _title(axes: Axes, utterance_id: str, emphasis: Emphasis) -> None:
    axes.annotate(
        utterance_id, (0, 1), xytext=(0, 24), xycoords="axes fraction", textcoords="offset points",
        fontsize=11.5, fontweight="bold", color=INK, parse_math=False,
    )  # fmt: skip
    axes.annotate(
        f"“{emphasis.segment_text}”", (0, 1), xytext=(0, 7), xycoords="axes fraction", textcoords="offset points",
        fontsize=10, color=STRESS, parse_math=False,
    )  # fmt: skip


def _ranks(emphasis: Emphasis) -> list[int]:
    """0 for the word with the highest score, ties by order."""
    order = np.argsort(-emphasis.score, kind="stable")
    return [int(rank) for rank in np.argsort(order, kind="stable")]


def _word_rows(figure: Figure, emphasis: Emphasis, duration_s: float, width_inches: float) -> list[int]:
    """Row of each word: the first one whose last word ends before it begins, measured with the font that draws it."""
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    inches_a_second = width_inches / duration_s
    ends: list[float] = []  # of each row, in inches
    rows = []
    for word, start_s, end_s in zip(
        emphasis.prosody.words, emphasis.prosody.start_s, emphasis.prosody.end_s, strict=True
    ):
        drawn = figure.text(0, 0, word, fontsize=10, fontweight="bold", parse_math=False)
        half = drawn.get_window_extent(renderer).width / figure.dpi / 2 + 0.04
        drawn.remove()
        middle = float(start_s + end_s) / 2 * inches_a_second
        row = next((row for row, end in enumerate(ends) if end <= middle - half), len(ends))
        ends[row : row + 1] = [middle + half]
        rows.append(row)
    return rows


def _plain(axes: Axes) -> None:
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9)
