"""What metrics take, from logits of classes."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.core.problem import Task


def class_probabilities(logits: Tensor, task: Task) -> Tensor:
    """Return probabilities: (B, C), or (B,) of class 1 for a binary task; float32 or wider.

    Args:
        logits: (B, C).
        task: Binary or multiclass.
    """
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    probabilities = wide.softmax(dim=1)
    return probabilities[:, 1] if task.kind == "binary" else probabilities
