"""Learning rates as functions of the step, and the optimisers."""

from __future__ import annotations

from math import cos, pi

import pytest
import torch
from torch import nn

from benchmark.training.config import OptimizerConfig, ScheduleConfig
from benchmark.training.optim import lr_factor, make_optimizer, scale_lr


def _factors(config: ScheduleConfig, steps: int = 5, epochs: int = 4) -> list[float]:
    return [lr_factor(step, steps, epochs, config) for step in range(steps * epochs)]


def test_constant_is_one() -> None:
    assert set(_factors(ScheduleConfig())) == {1.0}


def test_warmup_is_linear_and_ends_at_one() -> None:
    factors = _factors(ScheduleConfig(warmup=0.2))
    assert factors[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])


def test_cosine_runs_from_one_to_final() -> None:
    factors = _factors(ScheduleConfig(name="cosine", final=0.1))
    assert factors[0] == 1.0
    assert factors[-1] == pytest.approx(0.1)
    assert factors[7] == pytest.approx(0.1 + 0.9 * (1 + cos(pi * 7 / 19)) / 2)
    assert factors == sorted(factors, reverse=True)


def test_cosine_after_warmup() -> None:
    factors = _factors(ScheduleConfig(name="cosine", warmup=0.25))
    assert factors[4] == 1.0
    assert factors[5] == 1.0
    assert factors[-1] == pytest.approx(0.0)


def test_step_falls_every_few_epochs() -> None:
    factors = _factors(ScheduleConfig(name="step", every=2, gamma=0.5))
    assert factors == [1.0] * 10 + [0.5] * 10


def test_one_step_in_all() -> None:
    assert _factors(ScheduleConfig(name="cosine", warmup=0.1), steps=1, epochs=1) == [1.0]


def test_optimisers_take_their_settings_and_skip_frozen_parameters() -> None:
    layer = nn.Linear(2, 1)
    layer.bias.requires_grad_(False)
    config = {"lr": 0.5, "weight_decay": 0.1, "betas": [0.8, 0.9], "momentum": 0.3}
    kinds = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    for name, kind in kinds.items():
        optimizer = make_optimizer(
            layer.parameters(), OptimizerConfig.parse({"name": name, **config})
        )
        group = optimizer.param_groups[0]
        assert type(optimizer) is kind
        assert len(group["params"]) == 1
        assert (group["lr"], group["weight_decay"]) == (0.5, 0.1)
        assert group.get("betas", (0.8, 0.9)) == (0.8, 0.9)
        assert group.get("momentum", 0.3) == 0.3
        scale_lr(optimizer, 0.5)
        scale_lr(optimizer, 0.25)
        assert group["lr"] == 0.125
