"""One sample as a mixture of experts sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.render.figures.canvas import BLUE, GREEN, INK, ORANGE
from benchmark.render.figures.config import ExpertSampleConfig
from benchmark.render.figures.seen import Seen, framed, name_places, room_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import Series

_EACH, _HEIGHT = 0.5, 2.0


def expert_sample(seen: Seen, config: ExpertSampleConfig) -> Iterator[Figure]:
    """Yield logits, weights and their products of one test sample of the first run.

    Figure 3 of I2MoE (Xin et al., ICML 2025), without the sample's own picture or text. Nothing
    is drawn of credentialed data, of samples that are not there, or without weights.
    """
    first = seen.samples[seen.samples["run"] == 0]
    names = [str(one).removeprefix("weight:") for one in first if str(one).startswith("weight:")]
    if seen.credentialed or not names or config.position >= len(first):
        return
    row = first.iloc[config.position]
    output = _decided(row, list(first)) if config.output is None else config.output
    if f"mixture:{output}" not in first:
        return
    logits = [float(row[f"logit:{name}:{output}"]) for name in names]
    weights = [float(row[f"weight:{name}"]) for name in names]
    products = [one * other for one, other in zip(logits, weights, strict=True)]
    size = (max(1.8, _EACH * len(names)), _HEIGHT)
    below = room_for(names, _EACH)
    figure, panels = framed(seen, _notes(seen, row, output), 3, size, below)
    drawn = (
        ("Logit", logits, BLUE),
        ("Weight", weights, ORANGE),
        ("Weight x logit", products, GREEN),
    )
    for axes, (title, values, colour) in zip(panels, drawn, strict=True):
        _draw(axes, title, values, colour, names)
    yield figure


def _decided(row: Series, columns: Sequence[object]) -> int:
    """Return the output with the highest logit."""
    names = [str(one) for one in columns if str(one).startswith("mixture:")]
    return int(np.argmax([float(row[name]) for name in names]))


def _notes(seen: Seen, row: Series, output: int) -> list[str]:
    classes = seen.task.classes
    # A binary task under one logit has a class more than outputs; the logit is of class 1.
    single = f"mixture:{1}" not in row
    at = 1 if single and len(classes) > 1 else output
    of = f"class {classes[at]}" if at < len(classes) else f"output {output}"
    truth = row["y0"]
    known = "unknown" if np.isnan(truth) else _named(classes, float(truth))
    return [
        f"Test sample {row['sample_id']} of one run, logits of {of}; the model's own is "
        f"{float(row[f'mixture:{output}']):.3f}; the truth is {known}."
    ]


def _named(classes: Sequence[str], truth: float) -> str:
    at = int(truth)
    return classes[at] if truth == at and at < len(classes) else f"{truth:g}"


def _draw(
    axes: Axes, title: str, values: Sequence[float], colour: str, names: Sequence[str]
) -> None:
    axes.bar(range(len(values)), list(values), width=0.7, color=colour, alpha=0.8, linewidth=0)
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set_title(title, loc="left", pad=4)
    name_places(axes, names, _EACH)
