"""Softmax cross-entropy."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmark.core.problem import Task, TaskKind
from benchmark.losses._base import Loss
from benchmark.losses._counts import class_weights, given_weights
from benchmark.losses._scores import class_probabilities
from benchmark.losses.config import CrossEntropyConfig


class CrossEntropy(Loss):
    r"""Softmax cross-entropy with optional class weights and label smoothing.

    Over the labelled samples i of a batch, with class weights w, smoothing e and C classes:
    ``sum_i [(1 - e) w_{y_i} (-log p_{i,y_i}) + e/C sum_c w_c (-log p_{i,c})] / sum_i w_{y_i}``.
    The weighted mean divides by the weights of the batch, not by its size, as PyTorch does.
    Smoothing: Szegedy et al., "Rethinking the Inception architecture" (CVPR 2016), section 7.

    A binary task has two logits here; its score is the probability of class 1.

    Args:
        task: Binary or multiclass.
        config: Weights and smoothing.
        train_targets: (n,) classes of the training samples, for ``balanced``.

    Raises:
        UsageError: The number of weights is not the number of classes.
        DataError: ``balanced`` and a class without a training sample.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass")
    weights: Tensor | None

    def __init__(self, task: Task, config: CrossEntropyConfig, train_targets: NDArray[Any]) -> None:
        super().__init__(task)
        self.n_outputs = len(task.classes)
        self.label_smoothing = config.label_smoothing
        self.register_buffer("weights", self._weights(config, train_targets))

    def _weights(self, config: CrossEntropyConfig, train_targets: NDArray[Any]) -> Tensor | None:
        if config.weights == "none":
            return None
        if config.weights == "balanced":
            return torch.tensor(class_weights(train_targets, self.task), dtype=torch.float32)
        return given_weights(config.weights, self.task, "cross_entropy")

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the (weighted) mean over labelled samples, a scalar.

        Args:
            logits: (B, C).
            target: (B,) int64 class; -1 is unlabelled.
        """
        labelled = target >= 0
        if not labelled.any():
            return logits[labelled].sum()  # an empty sum: 0, still part of the graph
        return functional.cross_entropy(
            logits[labelled],
            target[labelled],
            weight=None if self.weights is None else self.weights.to(logits.dtype),
            label_smoothing=self.label_smoothing,
        )

    def weight(self, target: Tensor) -> Tensor:
        """Return the sum of the labelled samples' class weights."""
        if self.weights is None:
            return super().weight(target)
        return self.weights[target[target >= 0]].sum()

    def scores(self, logits: Tensor) -> Tensor:
        """Return probabilities: (B, C), or (B,) of class 1 for a binary task; float32 or wider."""
        return class_probabilities(logits, self.task)
