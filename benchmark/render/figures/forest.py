"""A paper's numbers against ours: differences with intervals, coloured by verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.render.figures.canvas import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    SMALL,
    VERMILION,
    new_figure,
    text_width,
)
from benchmark.render.figures.rows import (
    FigureRow,
    RowLayout,
    draw_rows,
    draw_texts,
    footer_height,
    footer_lines,
    lay_out,
    title_height,
    title_lines,
)
from benchmark.render.table import VerdictWord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 0.15
_AXIS = 3.2
_BELOW = 0.75
_PER_PAGE = 40
#: Shape and colour both tell the verdict; ``not comparable`` is hollow.
_MARKS: dict[VerdictWord, tuple[str, str]] = {
    "agrees": ("o", BLUE),
    "inconclusive": ("s", ORANGE),
    "differs": ("^", VERMILION),
    "not comparable": ("o", GREY),
}


@dataclass(frozen=True)
class Against:
    """A printed number and ours.

    Attributes:
        label: What was measured, e.g. dataset, task and metric.
        group: Head over neighbours, e.g. the method.
        ours: Our number as text, with its spread.
        printed: The paper's, likewise.
        difference: Ours minus printed.
        low: Lower end of its interval; None if there is none.
        high: Upper end.
        verdict: ``agrees``, ``differs``, ``inconclusive`` or ``not comparable``.
    """

    label: str
    group: str
    ours: str
    printed: str
    difference: float
    low: float | None
    high: float | None
    verdict: VerdictWord


def forest_figures(
    title: str, records: Sequence[Against], footer: Sequence[str] = (), unit: str = ""
) -> Iterator[Figure]:
    """Yield figures of up to forty numbers each, all with the same axis.

    Args:
        title: One line.
        records: From top to bottom; neighbours of one group stand under its head.
        footer: Paragraphs below.
        unit: Of the differences, e.g. ``points``.
    """
    pages = [records[at : at + _PER_PAGE] for at in range(0, len(records), _PER_PAGE)]
    reach = _reach(records)
    for number, page in enumerate(pages, start=1):
        part = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
        yield _figure(title + part, page, footer, unit, reach)


def _reach(records: Sequence[Against]) -> float:
    """Return how far the axis goes to both sides of 0."""
    ends = [
        abs(end)
        for one in records
        for end in (one.difference, one.low, one.high)
        if end is not None and math.isfinite(end)
    ]
    return max(ends, default=0.0) * 1.06 or 1.0


def _figure(
    title: str, records: Sequence[Against], footer: Sequence[str], unit: str, reach: float
) -> Figure:
    layout = lay_out([FigureRow(str(at), one.label, one.group) for at, one in enumerate(records)])
    texts = [f"{one.ours} | {one.printed}" for one in records]
    side = text_width(texts, SMALL) + 0.25
    width = layout.width + _AXIS + side + 2 * _MARGIN
    lines = footer_lines([*footer, _LEGEND], width - 2 * _MARGIN)
    heading = title_lines(title, width - 2 * _MARGIN)
    bottom = footer_height(lines) + _BELOW
    height = title_height(heading) + 0.12 + layout.height + bottom
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
    axes.set_xlim(-reach, reach)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    axes.set_xlabel("Measured minus printed" + (f" ({unit})" if unit else ""))
    for at, one in enumerate(records):
        _draw(axes, one, layout.at[str(at)], texts[at])
    axes.text(
        1.0, -0.75, "  ours | printed", transform=axes.get_yaxis_transform(),
        size=SMALL, color=GREY, va="center",
    )  # fmt: skip
    _key(axes, layout, [one.verdict for one in records])
    draw_texts(figure, heading, lines, _MARGIN)
    return figure


_LEGEND = "Bars are 95 % intervals of measured minus printed; without a bar there is none."


def _draw(axes: Axes, one: Against, place: float, text: str) -> None:
    shape, color = _MARKS[one.verdict]
    if one.low is not None and one.high is not None:
        axes.plot([one.low, one.high], [place, place], color=color, linewidth=1.5, zorder=3)
    face = "white" if one.verdict == "not comparable" else color
    axes.plot(
        [one.difference], [place], shape, color=color, markerfacecolor=face, markersize=5, zorder=4
    )
    axes.text(
        1.0, place, f"  {text}", transform=axes.get_yaxis_transform(), size=SMALL, va="center"
    )


def _key(axes: Axes, layout: RowLayout, verdicts: Sequence[VerdictWord]) -> None:
    """Name the shapes and colours below the axis."""
    from matplotlib.lines import Line2D

    used = [word for word in _MARKS if word in verdicts]
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=_MARKS[word][0],
            color=_MARKS[word][1],
            markersize=5,
            markerfacecolor="white" if word == "not comparable" else _MARKS[word][1],
            label=f"{word} ({verdicts.count(word)})",
        )
        for word in used
    ]
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.42 / layout.height),
        ncols=len(handles),
        columnspacing=1.2,
        handletextpad=0.2,
    )
