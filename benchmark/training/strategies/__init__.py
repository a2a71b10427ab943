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
        "min_max": Entry(
            target="benchmark.training.strategies.min_max:MinMax",
            config="benchmark.training.strategies.config:MinMaxConfig",
            summary="estimators fit themselves, then the model descends on what they measure",
        ),
        "gradient_calibration": Entry(
            target="benchmark.training.strategies.gradient_calibration:GradientCalibration",
            config="benchmark.training.strategies.config:GradientCalibrationConfig",
            summary="task gradients weighted at the last shared layer, modalities at branches",
        ),
        "multitask": Entry(
            target="benchmark.training.strategies.multitask:Multitask",
            config="benchmark.training.strategies.config:MultitaskConfig",
            summary="task losses weighted by learned uncertainties; incomplete labels dropped",
        ),
        "fit": Entry(
            target="benchmark.training.strategies.fit:Fit",
            config="benchmark.training.config:FitConfig",
            summary="call a control's own fit; nothing to schedule",
        ),
    },
)
