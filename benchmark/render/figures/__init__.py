"""Figures as PNG, SVG and PDF. matplotlib is imported when one is drawn, and no display is used.

``FIGURES`` are those that a table asks for by name (``figures:`` of its manifest): functions
``(seen, config) -> Iterator[Figure]`` of what the evaluations of one row found on one task.
"""

from __future__ import annotations

from benchmark.core.registry import Entry, Registry

FIGURES = Registry(
    "figure",
    {
        "violins": Entry(
            target="benchmark.render.figures.violins:violins",
            config="benchmark.render.figures.config:ViolinsConfig",
            summary="distribution over samples of all columns with one beginning",
        ),
        "expert_weights": Entry(
            target="benchmark.render.figures.violins:violins",
            config="benchmark.render.figures.config:ExpertWeightsConfig",
            summary="distribution over samples of each expert's weight",
        ),
        "expert_bars": Entry(
            target="benchmark.render.figures.bars:expert_bars",
            config="benchmark.render.figures.config:ExpertBarsConfig",
            summary="each expert alone as a bar, the whole model as a line",
        ),
        "expert_sample": Entry(
            target="benchmark.render.figures.sample:expert_sample",
            config="benchmark.render.figures.config:ExpertSampleConfig",
            summary="one sample: each expert's logit, weight, and their product",
        ),
    },
)
