"""A figure whose vertical axis is the rows of a table: labels, group heads, guide lines, texts."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.render.figures.canvas import FAINT, GREY, SMALL, TEXT, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDEST_LABEL = 40
_LINE = 0.15
_ROW = 0.24
_SIDE = 0.12


@dataclass(frozen=True)
class FigureRow:
    """A row of a figure.

    Attributes:
        key: Unique.
        label: Beside the axis.
        group: Head over neighbouring rows; empty for none.
    """

    key: str
    label: str
    group: str = ""


@dataclass(frozen=True)
class RowLayout:
    """Where rows stand.

    Attributes:
        at: Vertical place by row key, growing downwards.
        labels: Label by row key, wrapped.
        heads: Place and text of each group's head.
        slots: Number of places.
        height: Inches of the axis.
        width: Inches of the labels.
    """

    at: dict[str, float]
    labels: dict[str, str]
    heads: tuple[tuple[float, str], ...]
    slots: float
    height: float
    width: float


def lay_out(rows: Sequence[FigureRow]) -> RowLayout:
    """Place rows below each other; a group's head takes a place of its own."""
    at: dict[str, float] = {}
    heads: list[tuple[float, str]] = []
    place, group = 0, ""
    for row in rows:
        if row.group != group:
            group = row.group
            if group:
                heads.append((place, group))
                place += 1
        at[row.key] = place
        place += 1
    labels = {row.key: wrapped(row.label, _WIDEST_LABEL) for row in rows}
    lines = max((label.count("\n") + 1 for label in labels.values()), default=1)
    texts = [line for label in labels.values() for line in label.split("\n")]
    width = _SIDE + max(text_width(texts), text_width([text for _, text in heads], weight="bold"))
    height = max(place, 1) * max(_ROW, lines * _LINE + 0.06)
    return RowLayout(at, labels, tuple(heads), max(place, 1), height, width)


def wrapped(text: str, width: int) -> str:
    """Break a text into lines; words are kept whole unless one is longer than a line."""
    return "\n".join(textwrap.wrap(text, width, break_on_hyphens=False)) or text


def draw_rows(axes: Axes, layout: RowLayout, width: float | None = None) -> None:
    """Set the vertical axis: rows from top to bottom, a faint line through each.

    Args:
        axes: Where rows are drawn.
        layout: Of the rows.
        width: Inches of ``axes``, to write labels at its left; None writes none.
    """
    axes.set_ylim(layout.slots - 0.5, -0.5)
    places = list(layout.at.values())
    axes.set_yticks(places, [""] * len(places))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for place in places:
        axes.axhline(place, color=FAINT, linewidth=0.6, zorder=0)
    if width is None:
        return
    transform = axes.get_yaxis_transform()
    shift = -layout.width / width
    for key, place in layout.at.items():
        axes.text(shift, place, layout.labels[key], transform=transform, va="center", ha="left")
    for place, text in layout.heads:
        axes.text(shift, place, text, transform=transform, va="center", ha="left", weight="bold")


def draw_texts(figure: Figure, title: str, footer: Sequence[str], left: float) -> None:
    """Write the title at the top and the footer at the bottom, ``left`` inches from the side."""
    width, height = figure.get_size_inches()
    x = left / width
    figure.text(x, 1 - 0.1 / height, title, ha="left", va="top", weight="bold", size=TEXT + 1)
    figure.text(x, 0.08 / height, "\n".join(footer), ha="left", va="bottom", size=SMALL, color=GREY)


def footer_lines(paragraphs: Sequence[str], width: float) -> list[str]:
    """Wrap paragraphs to so many inches of small type."""
    return [line for text in paragraphs for line in fitted(text, width, SMALL)]


def fitted(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines that are at most ``width`` inches wide; words are kept whole."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width([longer], size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def footer_height(lines: Sequence[str]) -> float:
    """Return the inches that a footer takes."""
    return len(lines) * SMALL * 1.25 / 72 + 0.12


def title_lines(title: str, width: float) -> str:
    """Wrap a title to so many inches."""
    return "\n".join(fitted(title, width, TEXT + 1, "bold"))


def title_height(title: str) -> float:
    """Return the inches that a wrapped title takes."""
    return (title.count("\n") + 1) * (TEXT + 1) * 1.3 / 72 + 0.12
