"""Optimiser and learning rate."""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, pi

import torch
from torch import nn

from benchmark.training.config import OptimizerConfig, ScheduleConfig


def make_optimizer(
    parameters: Iterable[nn.Parameter], config: OptimizerConfig
) -> torch.optim.Optimizer:
    """Return the configured optimiser of all trainable parameters."""
    trainable = [one for one in parameters if one.requires_grad]
    if config.name == "sgd":
        return torch.optim.SGD(
            trainable, lr=config.lr, momentum=config.momentum, weight_decay=config.weight_decay
        )
    kind = torch.optim.AdamW if config.name == "adamw" else torch.optim.Adam
    return kind(trainable, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay)


def lr_factor(step: int, steps_per_epoch: int, epochs: int, config: ScheduleConfig) -> float:
    """Return the factor on the learning rate at an optimiser step; a pure function of the step.

    Warm-up is linear from 0 before the first step to 1 at the last of the first
    ``round(warmup * all steps)``. The cosine starts after it and reaches ``final`` at the very last
    step (Loshchilov and Hutter, "SGDR", 2017, equation 5, without restarts). ``step`` counts epochs
    from the start, warm-up included.

    Args:
        step: From 0.
        steps_per_epoch: Optimiser steps of an epoch.
        epochs: Upper limit of epochs; early stopping does not change the schedule.
        config: Shape.
    """
    total = steps_per_epoch * epochs
    warmup = round(config.warmup * total)
    if step < warmup:
        return (step + 1) / warmup
    if config.name == "cosine":
        share = (step - warmup) / max(1, total - warmup - 1)
        return config.final + (1 - config.final) * (1 + cos(pi * min(1.0, share))) / 2
    if config.name == "step":
        return float(config.gamma ** (step // steps_per_epoch // config.every))
    return 1.0


def scale_lr(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Give every parameter group ``factor`` times the learning rate it was made with."""
    for group in optimizer.param_groups:
        group["lr"] = factor * group.setdefault("initial_lr", group["lr"])
