"""Focal loss."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmark.core.problem import Task, TaskKind
from benchmark.losses._base import Loss
from benchmark.losses._counts import class_frequencies, class_weights, given_weights
from benchmark.losses._scores import class_probabilities
from benchmark.losses.config import FocalConfig


class Focal(Loss):
    r"""Cross-entropy that counts samples less the better they are classified already.

    Over the n labelled samples of a batch, p_i the probability of the true class and w its weight:
    ``1/n sum_i w_{y_i} (1 - p_i)^gamma (-log p_i)``. The mean divides by the number of samples, not
    by their weights. Lin et al., "Focal loss for dense object detection" (ICCV 2017), section 3,
    with a softmax.

    A binary task has two logits here; its score is the probability of class 1.

    Args:
        task: Binary or multiclass.
        config: Exponent, weights.
        train_targets: (n,) classes of the training samples, for weights that are counted.

    Raises:
        UsageError: The number of weights is not the number of classes.
        DataError: ``balanced`` and a class without a training sample.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass")
    weights: Tensor | None

    def __init__(self, task: Task, config: FocalConfig, train_targets: NDArray[Any]) -> None:
        super().__init__(task)
        self.n_outputs = len(task.classes)
        self.gamma = config.gamma
        self.register_buffer("weights", self._weights(config, train_targets))

    def _weights(self, config: FocalConfig, train_targets: NDArray[Any]) -> Tensor | None:
        if config.weights == "none":
            return None
        if config.weights == "complement":
            frequencies = class_frequencies(train_targets, self.task)
            return torch.tensor(1 - frequencies, dtype=torch.float32)
        if config.weights == "balanced":
            return torch.tensor(class_weights(train_targets, self.task), dtype=torch.float32)
        return given_weights(config.weights, self.task, "focal")

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the mean over labelled samples, a scalar.

        Args:
            logits: (B, C).
            target: (B,) int64 class; -1 is unlabelled.
        """
        labelled = target >= 0
        if not labelled.any():
            return logits[labelled].sum()  # an empty sum: 0, still part of the graph
        truth = target[labelled]
        surprise = functional.cross_entropy(logits[labelled], truth, reduction="none")  # -log p
        # 1 - p without cancellation; a power of exactly 0 would have no gradient for gamma < 1.
        miss = -torch.expm1(-surprise)
        terms = miss.clamp(min=torch.finfo(miss.dtype).tiny) ** self.gamma * surprise
        if self.weights is not None:
            terms = terms * self.weights.to(terms.dtype)[truth]
        return terms.mean()

    def scores(self, logits: Tensor) -> Tensor:
        """Return probabilities: (B, C), or (B,) of class 1 for a binary task; float32 or wider."""
        return class_probabilities(logits, self.task)
