"""Mean ranks: as dots from best to worst, or as a critical-difference diagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.render.figures.canvas import BLUE, GREY, INK, SMALL, new_figure, text_width
from benchmark.render.figures.rows import (
    FigureRow,
    draw_rows,
    draw_texts,
    footer_height,
    footer_lines,
    lay_out,
    title_height,
    title_lines,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 0.15
_AXIS = 4.0
_BELOW = 0.5
_LABEL_LETTERS = 40
#: Critical-difference diagram, in inches: between labels, between bars, room for scale and CD.
_LABEL_STEP, _BAR_STEP, _SCALE = 0.24, 0.1, 0.55
_LABEL_GAP = 0.12


@dataclass(frozen=True)
class Ranks:
    """Mean ranks of methods.

    Attributes:
        labels: Of the methods.
        mean_ranks: One per method, 1 is best.
        block_ranks: Rank of each method in each block, one tuple per method.
        critical_difference: Two mean ranks this far apart differ; None where that is not known.
        groups: Indices of methods no two of which are that far apart, best first.
    """

    labels: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    block_ranks: tuple[tuple[float, ...], ...]
    critical_difference: float | None = None
    groups: tuple[tuple[int, ...], ...] = ()


def rank_figure(title: str, ranks: Ranks, footer: Sequence[str] = ()) -> Figure:
    """Draw the mean rank of every method, best on top, over its ranks in single blocks."""
    order = sorted(range(len(ranks.labels)), key=lambda index: ranks.mean_ranks[index])
    layout = lay_out([FigureRow(str(index), ranks.labels[index]) for index in order])
    width = layout.width + _AXIS + 2 * _MARGIN
    legend = "The diamond is the mean rank (1 is best); a dot is the rank in one column."
    texts = footer_lines([*footer, legend], width - 2 * _MARGIN)
    heading = title_lines(title, width - 2 * _MARGIN)
    bottom = footer_height(texts) + _BELOW
    height = title_height(heading) + layout.height + bottom
    figure = new_figure(width, height)
    axes = figure.add_axes(
        (
            (_MARGIN + layout.width) / width,
            bottom / height,
            _AXIS / width,
            layout.height / height,
        )
    )
    draw_rows(axes, layout, _AXIS)
    axes.set_xlim(0.7, len(ranks.labels) + 0.3)
    axes.set_xlabel("Mean rank (lower is better)")
    _whole_ticks(axes)
    for index in order:
        _draw_ranks(axes, ranks, index, layout.at[str(index)])
    draw_texts(figure, heading, texts, _MARGIN)
    return figure


def _draw_ranks(axes: Axes, ranks: Ranks, index: int, place: float) -> None:
    single = ranks.block_ranks[index]
    mean = ranks.mean_ranks[index]
    axes.scatter(single, [place] * len(single), s=16, color=BLUE, alpha=0.4, linewidths=0, zorder=3)
    axes.plot([mean], [place], "D", color=INK, markersize=4.5, zorder=5)
    axes.annotate(
        f"{mean:.2f}", (mean, place), xytext=(0, 4), textcoords="offset points",
        ha="center", va="bottom", size=SMALL - 1, color=INK, zorder=6,
    )  # fmt: skip


def _whole_ticks(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))


def difference_figure(title: str, ranks: Ranks, footer: Sequence[str] = ()) -> Figure:
    """Draw a critical-difference diagram (Demšar 2006): bars join methods that do not differ.

    Better methods are named at the left, worse ones at the right.

    Raises:
        ValueError: The ranks have no critical difference.
    """
    if ranks.critical_difference is None:
        raise ValueError("no critical difference: too few columns, or none was computed")
    labels = [wrapped(label, _LABEL_LETTERS) for label in ranks.labels]
    side = text_width([line for one in labels for line in one.split("\n")]) + 2 * _LABEL_GAP
    width = 2 * side + _AXIS + 2 * _MARGIN
    legend = (
        "Mean ranks, 1 is best. Methods under one bar are less than the critical difference (CD) "
        "apart."
    )
    texts = footer_lines([*footer, legend], width - 2 * _MARGIN)
    heading = title_lines(title, width - 2 * _MARGIN)
    step = _LABEL_STEP * max(1.0, 0.75 * max(label.count("\n") + 1 for label in labels))
    bars = len(ranks.groups) * _BAR_STEP + 0.12
    tall = _SCALE + bars + step * -(-len(labels) // 2) + 0.1
    bottom = footer_height(texts)
    height = title_height(heading) + tall + bottom
    figure = new_figure(width, height)
    axes = figure.add_axes(
        ((_MARGIN + side) / width, bottom / height, _AXIS / width, tall / height)
    )
    _Diagram(axes, ranks, labels, step, tall).draw()
    draw_texts(figure, heading, texts, _MARGIN)
    return figure


class _Diagram:
    """Draws the parts of a critical-difference diagram; vertical places are inches from the top."""

    def __init__(
        self, axes: Axes, ranks: Ranks, labels: Sequence[str], step: float, tall: float
    ) -> None:
        self.axes, self.ranks, self.labels, self.step = axes, ranks, labels, step
        self.order = sorted(range(len(labels)), key=lambda index: ranks.mean_ranks[index])
        self.last = len(labels)
        axes.set_xlim(1, self.last)
        axes.set_ylim(tall, 0)
        axes.axis("off")

    def draw(self) -> None:
        self.scale()
        self.difference()
        for number, group in enumerate(self.ranks.groups):
            self.bar(_SCALE + 0.1 + number * _BAR_STEP, group)
        below = _SCALE + 0.12 + len(self.ranks.groups) * _BAR_STEP + self.step / 2
        half = -(-self.last // 2)
        for line, index in enumerate(self.order[:half]):
            self.name(index, below + line * self.step, left=True)
        for line, index in enumerate(reversed(self.order[half:])):
            self.name(index, below + line * self.step, left=False)

    def scale(self) -> None:
        self.line([1, self.last], [_SCALE, _SCALE], 1.0)
        for rank in self.ticks():
            self.line([rank, rank], [_SCALE - 0.06, _SCALE], 1.0)
            self.axes.text(rank, _SCALE - 0.08, str(rank), ha="center", va="bottom", size=SMALL)

    def ticks(self) -> Iterator[int]:
        every = max(1, self.last // 12)
        return iter(range(1, self.last + 1, every))

    def difference(self) -> None:
        """Draw the length of the critical difference above the scale."""
        length = self.ranks.critical_difference or 0.0
        end = min(1 + length, self.last)
        for x in (1.0, end):
            self.line([x, x], [0.16, 0.24], 1.0)
        self.line([1, end], [0.2, 0.2], 1.0)
        more = " (longer than the scale)" if 1 + length > self.last else ""
        self.axes.text(
            (1 + end) / 2, 0.14, f"CD = {length:.2f}{more}", ha="center", va="bottom", size=SMALL
        )

    def bar(self, place: float, group: Sequence[int]) -> None:
        """Join the methods of a group; the bar reaches a little beyond both ends."""
        ends = [self.ranks.mean_ranks[index] for index in (group[0], group[-1])]
        reach = 0.01 * (self.last - 1)
        self.line([ends[0] - reach, ends[1] + reach], [place, place], 3.0)

    def name(self, index: int, place: float, left: bool) -> None:
        """Write a label at a side, with a line to its mean rank."""
        mean = self.ranks.mean_ranks[index]
        edge = 1.0 if left else float(self.last)
        self.line([mean, mean, edge], [_SCALE, place, place], 0.7, GREY)
        gap = _LABEL_GAP * (self.last - 1) / _AXIS
        self.axes.text(
            edge - gap if left else edge + gap, place, f"{self.labels[index]}",
            ha="right" if left else "left", va="center",
        )  # fmt: skip
        self.axes.text(
            edge, place - 0.01, f"{mean:.2f}", size=SMALL - 1, color=GREY,
            ha="left" if left else "right", va="bottom",
        )  # fmt: skip

    def line(self, x: Sequence[float], y: Sequence[float], width: float, color: str = INK) -> None:
        self.axes.plot(x, y, color=color, linewidth=width, solid_capstyle="butt", clip_on=False)
