"""Negative log-likelihood of class labels, for terms that models add to the task losses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.core.errors import UsageError
from benchmark.core.problem import Problem


def class_nll(logits: Tensor, target: Tensor) -> Tensor:
    """Return ``-log p(y)`` of each sample, (B,); 0 where it is unlabelled.

    Args:
        logits: (B, C) of a softmax, or (B, 1) of a sigmoid.
        target: (B,) int64 class; -1 is unlabelled.
    """
    wide, known = logits.float() if logits.dtype == torch.bfloat16 else logits, target.clamp(min=0)
    if wide.shape[1] == 1:
        nll = functional.binary_cross_entropy_with_logits(
            wide[:, 0], known.to(wide.dtype), reduction="none"
        )
    else:
        nll = functional.cross_entropy(wide, known, reduction="none")
    return torch.where(target >= 0, nll, torch.zeros_like(nll))


def one_hot(target: Tensor, outputs: int) -> Tensor:
    """Return what logits are regressed on: 1 for the class and 0 for the others, (B, C).

    One logit stands for the difference of two, so that its target is 1 or -1, (B, 1).

    Args:
        target: (B,) int64 class; -1 is unlabelled and matches no class.
        outputs: C, or 1 for a binary task with one logit.
    """
    if outputs == 1:
        return 2 * (target[:, None] == 1).float() - 1
    return (target[:, None] == torch.arange(outputs, device=target.device)).float()


def mean_over(values: Tensor, kept: Tensor) -> Tensor:
    """Return the mean of values (B,) where ``kept`` (B,) bool holds; 0 if nowhere."""
    weights = kept.to(values.dtype)
    return (values * weights).sum() / weights.sum().clamp(min=1)


def check_classes(problem: Problem, model: str) -> None:
    """Refuse tasks without class labels.

    Raises:
        UsageError: A task is neither binary nor multiclass nor a segmentation.
    """
    for task in problem.only.tasks:
        if task.kind not in ("binary", "multiclass", "segmentation"):
            raise UsageError(
                f"{model} has losses of its own for classes, task {task.name!r} is {task.kind}",
                "leave the task out, or choose another model",
            )
