"""Distributions over samples, one violin beside the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.render.figures.canvas import BLUE, INK
from benchmark.render.figures.config import ViolinsConfig
from benchmark.render.figures.seen import Seen, framed, name_places, room_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EACH, _HEIGHT = 0.75, 2.4


def violins(seen: Seen, config: ViolinsConfig) -> Iterator[Figure]:
    """Yield a violin for each column that begins as asked for, over all samples of all runs.

    Figure 4 of I2MoE (Xin et al., ICML 2025) for the weights of experts. Nothing is drawn where
    the samples have no such column.
    """
    names = [name for name in seen.samples if str(name).startswith(config.prefix)]
    if not names:
        return
    labels = [str(name).removeprefix(config.prefix) for name in names]
    runs = f"{seen.runs} run{'s' if seen.runs > 1 else ''}"
    notes = [
        f"{len(seen.samples)} test samples of {runs}; the black line is the mean, the bar runs "
        "from quartile to quartile."
    ]
    size = (max(3.0, _EACH * len(names)), _HEIGHT)
    figure, (axes,) = framed(seen, notes, 1, size, room_for(labels, _EACH))
    for place, name in enumerate(names):
        _draw(axes, place, seen.samples[name].to_numpy(dtype=np.float64))
    axes.set_ylabel(config.label)
    name_places(axes, labels, _EACH)
    yield figure


def _draw(axes: Axes, place: int, values: Any) -> None:
    if np.ptp(values) > 0:
        drawn: Any = axes.violinplot(values, [place], widths=0.8, showextrema=False)
        for body in drawn["bodies"]:
            body.set(facecolor=BLUE, alpha=0.35, linewidth=0)
    low, high = np.percentile(values, [25, 75])
    axes.plot([place, place], [low, high], color=BLUE, linewidth=4, solid_capstyle="butt", zorder=3)
    mean = float(np.mean(values))
    axes.plot([place - 0.25, place + 0.25], [mean, mean], color=INK, linewidth=1.6, zorder=4)
