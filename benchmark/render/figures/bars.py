"""Experts alone beside the model they make up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics import METRICS, MetricInfo
from benchmark.render.figures.canvas import BLUE, INK, VERMILION
from benchmark.render.figures.config import ExpertBarsConfig
from benchmark.render.figures.seen import Seen, framed, name_places, room_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

_PREFIX = "expert:"
_USUAL = ("acc", "exact_match", "mae")
_EACH, _HEIGHT = 0.75, 2.4


def expert_bars(seen: Seen, config: ExpertBarsConfig) -> Iterator[Figure]:
    """Yield a bar for each expert's own score, its mean over runs, and a line for the model.

    Figure 5 of I2MoE (Xin et al., ICML 2025). Nothing is drawn without the rows of the analysis
    ``experts``.
    """
    rows = seen.metrics[seen.metrics["task"] == seen.task.name]
    metric = config.metric or next((one for one in _USUAL if (rows["metric"] == one).any()), "")
    rows = rows[(rows["metric"] == metric) & (rows["subgroup"] == "all") & rows["value"].notna()]
    alone = rows[rows["head"].str.startswith(_PREFIX)]
    if not len(alone):
        return
    heads = [one for one in dict.fromkeys(seen.metrics["head"]) if one in set(alone["head"])]
    labels = [head.removeprefix(_PREFIX) for head in heads]
    means = [_values(alone, head) for head in heads]
    whole = _values(rows, "main")
    size = (max(3.0, _EACH * len(heads)), _HEIGHT)
    figure, (axes,) = framed(seen, _notes(seen.runs), 1, size, room_for(labels, _EACH))
    for place, values in enumerate(means):
        axes.bar(place, values.mean(), width=0.7, color=BLUE, alpha=0.7, linewidth=0)
        if len(values) > 1:
            low, high = values.mean() - values.std(ddof=1), values.mean() + values.std(ddof=1)
            axes.plot([place, place], [low, high], color=INK, linewidth=1.2)
    if len(whole):
        axes.axhline(whole.mean(), color=VERMILION, linewidth=1.4, label="the whole model")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), borderpad=0)
    axes.set_ylabel(_label(metric))
    name_places(axes, labels, _EACH)
    yield figure


def _values(rows: DataFrame, head: str) -> NDArray[np.float64]:
    return rows[rows["head"] == head]["value"].to_numpy(dtype=np.float64)


def _notes(runs: int) -> list[str]:
    if runs > 1:
        return [
            f"Test part, mean over {runs} runs; black lines are ± the standard deviation (ddof 1)."
        ]
    return ["Test part, one run."]


def _label(metric: str) -> str:
    entry = METRICS.entry(metric)
    return entry.label if isinstance(entry, MetricInfo) else metric
