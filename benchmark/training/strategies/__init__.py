"""Registered training strategies: how a run gets from a spec to fitted predictions."""

from __future__ import annotations

from benchmark.core.registry import Entry, Registry

STRATEGIES = Registry(
    "strategy",
    {
        "plain": Entry(
            target="benchmark.training.strategies.plain:Plain",
            config="benchmark.training.config:TrainingConfig",
            summary="minimise the weighted task losses by gradient steps",
        ),
        "fit": Entry(
            target="benchmark.training.strategies.fit:Fit",
            config="benchmark.training.config:FitConfig",
            summary="call a control's own fit; nothing to schedule",
        ),
    },
)
