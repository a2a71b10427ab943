"""Strip plots: every run a dot, mean and spread beside it, methods from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmark.render.figures.canvas import BLUE, GREY, INK, SMALL, TEXT, new_figure
from benchmark.render.figures.rows import (
    FigureRow,
    RowLayout,
    draw_rows,
    draw_texts,
    fitted,
    footer_height,
    footer_lines,
    lay_out,
    title_height,
    title_lines,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PER_LINE = 3
_PER_PAGE = 6
_PANEL = 2.3
_GAP = 0.25
_MARGIN = 0.15
#: Room above an axis without and per line of its title, and below it for ticks and label.
_ABOVE, _TITLE_LINE, _BELOW = 0.16, 0.16, 0.5
#: Height, in rows, over which the dots of a row are spread.
_SPREAD = 0.5
#: An axis leaves out distant rows if the others then take at least this much less of it.
_WORTH_CUTTING = 0.4
_MOST_CUT = 0.25


@dataclass(frozen=True)
class Strip:
    """The runs of one cell.

    Attributes:
        points: Value of each run, in the order of folds and seeds.
        mean: Of the cell; None without a value.
        std: With ddof 1; None with a single unit.
        missing: Count of runs where some are missing, e.g. ``4/5``; empty otherwise.
    """

    points: tuple[float, ...]
    mean: float | None
    std: float | None = None
    missing: str = ""


@dataclass(frozen=True)
class Panel:
    """One column of a table.

    Attributes:
        title: Dataset and task.
        label: Metric.
        strips: By row key; a row without runs is left out.
        higher_is_better: Direction; None where it has none.
    """

    title: str
    label: str
    strips: Mapping[str, Strip]
    higher_is_better: bool | None = True


def strip_figures(
    title: str, rows: Sequence[FigureRow], panels: Sequence[Panel], footer: Sequence[str] = ()
) -> Iterator[Figure]:
    """Yield figures of up to six panels; a row is as high in all of them.

    Args:
        title: One line.
        rows: From top to bottom.
        panels: From left to right, three beside each other.
        footer: Paragraphs below, e.g. that data is synthetic.
    """
    layout = lay_out(rows)
    pages = [panels[at : at + _PER_PAGE] for at in range(0, len(panels), _PER_PAGE)]
    for number, page in enumerate(pages, start=1):
        part = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
        yield _figure(title + part, layout, page, footer)


def _figure(
    title: str, layout: RowLayout, panels: Sequence[Panel], footer: Sequence[str]
) -> Figure:
    per_line = min(_PER_LINE, len(panels))
    lines = -(-len(panels) // per_line)
    width = layout.width + per_line * (_PANEL + _GAP) + 2 * _MARGIN
    limits = [axis_limits(panel) for panel in panels]
    texts = footer_lines([*footer, " ".join(_legend(panels, limits))], width - 2 * _MARGIN)
    heading = title_lines(title, width - 2 * _MARGIN)
    titles = ["\n".join(fitted(panel.title, _PANEL, TEXT, "bold")) for panel in panels]
    above = _ABOVE + _TITLE_LINE * max(one.count("\n") + 1 for one in titles)
    each = above + layout.height + _BELOW
    top, bottom = title_height(heading), footer_height(texts)
    height = top + lines * each + bottom
    figure = new_figure(width, height)
    for index, panel in enumerate(panels):
        line, column = divmod(index, per_line)
        left = _MARGIN + layout.width + column * (_PANEL + _GAP)
        low = height - top - line * each - above - layout.height
        axes = figure.add_axes((left / width, low / height, _PANEL / width, layout.height / height))
        draw_rows(axes, layout, None if column else _PANEL)
        axes.set_title(titles[index], loc="left", pad=4)
        _draw(axes, panel, layout, limits[index])
    draw_texts(figure, heading, texts, _MARGIN)
    return figure


def _legend(panels: Sequence[Panel], limits: Sequence[tuple[float, float]]) -> Iterator[str]:
    yield (
        "A dot is a run; diamond and bar are mean ± standard deviation (ddof 1); the dashed line "
        "is the best mean."
    )
    strips = [strip for panel in panels for strip in panel.strips.values()]
    if any(strip.missing and strip.mean is not None for strip in strips):
        yield "Hollow diamonds lack runs; they do not compete for the best mean."
    if any(_outside(panel, ends) for panel, ends in zip(panels, limits, strict=True)):
        yield "Arrows give means that lie beyond an axis."


def axis_limits(panel: Panel) -> tuple[float, float]:
    """Return the ends of an axis: of all runs, or without a few rows far from all others.

    Rows are left out from the worse end, a quarter of them at most, and only if the rest would
    otherwise take less than 40 % of the axis.
    """
    strips = [strip for strip in panel.strips.values() if strip.mean is not None]
    strips.sort(key=lambda one: one.mean or 0.0, reverse=panel.higher_is_better is False)
    whole = _extent(strips)
    for cut in range(1, int(len(strips) * _MOST_CUT) + 1):
        rest = _extent(strips[cut:])
        if rest[1] - rest[0] < _WORTH_CUTTING * (whole[1] - whole[0]):
            return _padded(rest)
    return _padded(whole)


def _extent(strips: Sequence[Strip]) -> tuple[float, float]:
    ends = [value for strip in strips for value in (*strip.points, *_bar(strip))]
    return min(ends, default=0.0), max(ends, default=1.0)


def _bar(strip: Strip) -> tuple[float, float]:
    mean, std = strip.mean or 0.0, strip.std or 0.0
    return mean - std, mean + std


def _padded(ends: tuple[float, float]) -> tuple[float, float]:
    pad = 0.05 * (ends[1] - ends[0]) or 0.05 * abs(ends[0]) or 0.05
    return ends[0] - pad, ends[1] + pad


Side = Literal["left", "right", ""]


def _side(strip: Strip, ends: tuple[float, float]) -> Side:
    """Tell beyond which end of the axis a mean lies."""
    if strip.mean is None or ends[0] <= strip.mean <= ends[1]:
        return ""
    return "left" if strip.mean < ends[0] else "right"


def _outside(panel: Panel, ends: tuple[float, float]) -> bool:
    return any(_side(strip, ends) for strip in panel.strips.values())


def _draw(axes: Axes, panel: Panel, layout: RowLayout, ends: tuple[float, float]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(*ends)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_xlabel(panel.label + _direction(panel))
    best = _best(panel)
    if best is not None:
        axes.axvline(best, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    for key, strip in panel.strips.items():
        _draw_strip(axes, strip, layout.at[key], _side(strip, ends))


def _direction(panel: Panel) -> str:
    if panel.higher_is_better is None:
        return ""
    return " (higher is better)" if panel.higher_is_better else " (lower is better)"


def _best(panel: Panel) -> float | None:
    means = [one.mean for one in panel.strips.values() if one.mean is not None and not one.missing]
    if panel.higher_is_better is None or not means:
        return None
    return max(means) if panel.higher_is_better else min(means)


def _draw_strip(axes: Axes, strip: Strip, place: float, side: Side) -> None:
    if strip.mean is None:
        axes.text(
            0.5, place, "no value", transform=axes.get_yaxis_transform(),
            ha="center", va="center", size=SMALL, color=GREY, zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
        return
    if side:
        _draw_arrow(axes, strip, place, side)
        return
    axes.scatter(
        strip.points,
        [place + shift for shift in _shifts(len(strip.points))],
        s=14, color=BLUE, alpha=0.55, linewidths=0, zorder=3,
    )  # fmt: skip
    low, high = _bar(strip)
    if strip.std is not None:
        axes.plot([low, high], [place, place], color=INK, linewidth=1.4, zorder=4)
    face = "white" if strip.missing else INK
    axes.plot([strip.mean], [place], "D", color=INK, markerfacecolor=face, markersize=4, zorder=5)
    if strip.missing:
        axes.annotate(
            strip.missing, (max(high, *strip.points), place), xytext=(4, 0),
            textcoords="offset points", va="center", size=SMALL, color=GREY,
        )  # fmt: skip


def _draw_arrow(axes: Axes, strip: Strip, place: float, side: Side) -> None:
    """Give in figures what the axis does not reach."""
    text = f"{strip.mean:.3f}" + (f" ± {strip.std:.3f}" if strip.std is not None else "")
    text = f"◂ {text}" if side == "left" else f"{text} ▸"
    x = 0.0 if side == "left" else 1.0
    axes.text(
        x, place, text, transform=axes.get_yaxis_transform(),
        ha=side, va="center", size=SMALL, color=INK, zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip


def _shifts(count: int) -> list[float]:
    """Spread dots over the height of a row, so that the same fold is as high in every row."""
    if count < 2:
        return [0.0] * count
    return [_SPREAD * (index / (count - 1) - 0.5) for index in range(count)]
