"""What a table's own figure is drawn of, and the frame around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.core.problem import Task
from benchmark.render.figures.canvas import SMALL, new_figure, text_width
from benchmark.render.figures.rows import (
    draw_texts,
    footer_height,
    footer_lines,
    title_height,
    title_lines,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

_MARGIN = 0.15


@dataclass(frozen=True)
class Seen:
    """What the evaluations of one row found on one task.

    Attributes:
        title: Table and row.
        dataset: Name in the table.
        task: Its task.
        samples: What the analysis kept of the test samples of every run, joined; ``run`` counts
            the runs from 0 in the order of folds and seeds.
        metrics: Lines of the view (``benchmark.store.view``) of these runs on the test part.
        footer: Conditions that the figure must carry, e.g. that data is synthetic.
        credentialed: Single samples must not be shown.
    """

    title: str
    dataset: str
    task: Task
    samples: DataFrame
    metrics: DataFrame
    footer: tuple[str, ...] = ()
    credentialed: bool = False

    @property
    def runs(self) -> int:
        """Number of runs."""
        return int(self.samples["run"].nunique())

    @property
    def heading(self) -> str:
        """Title of the figure."""
        return f"{self.title} ({self.dataset}: {self.task.name})"


def framed(
    seen: Seen, notes: Sequence[str], panels: int, size: tuple[float, float], below: float
) -> tuple[Figure, list[Axes]]:
    """Return a figure with title and footer, and axes beside each other.

    Args:
        seen: Says title and conditions.
        notes: Sentences on how to read the figure, before the conditions.
        panels: Number of axes.
        size: Inches of each axis.
        below: Inches for the labels below an axis.
    """
    left, gap, above = 0.75, 0.75, 0.3
    width = left + panels * size[0] + (panels - 1) * gap + 2 * _MARGIN
    texts = footer_lines([" ".join(notes), *seen.footer], width - 2 * _MARGIN)
    heading = title_lines(seen.heading, width - 2 * _MARGIN)
    top, bottom = title_height(heading), footer_height(texts)
    height = top + above + size[1] + below + bottom
    figure = new_figure(width, height)
    axes = []
    for index in range(panels):
        x = _MARGIN + left + index * (size[0] + gap)
        box = (x / width, (bottom + below) / height, size[0] / width, size[1] / height)
        axes.append(figure.add_axes(box))
    draw_texts(figure, heading, texts, _MARGIN)
    return figure, axes


def name_places(axes: Axes, labels: Sequence[str], each: float) -> None:
    """Write labels below the places 0, 1, ...; slanted where one is wider than ``each`` inches."""
    places = range(len(labels))
    if _fit(labels, each):
        axes.set_xticks(places, list(labels))
    else:
        axes.set_xticks(places, list(labels), rotation=35, ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.6, len(labels) - 0.4)


def room_for(labels: Sequence[str], each: float) -> float:
    """Return the inches that labels take below an axis."""
    if _fit(labels, each):
        return 0.3
    return 0.25 + 0.6 * text_width(list(labels), SMALL)


def _fit(labels: Sequence[str], each: float) -> bool:
    return text_width(list(labels), SMALL) <= 0.9 * each
