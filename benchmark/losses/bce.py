"""Sigmoid (binary) cross-entropy."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmark.core.errors import UsageError
from benchmark.core.problem import Task, TaskKind
from benchmark.losses._base import Loss
from benchmark.losses._counts import positive_weights
from benchmark.losses.config import BCEConfig


class BCE(Loss):
    """Sigmoid cross-entropy for binary (one logit) and multilabel (one logit per label) tasks.

    With logit z, target y and positive weight w: ``-[w y log s(z) + (1 - y) log(1 - s(z))]``,
    averaged over the labelled entries; the mean divides by their number, not by their weights,
    as PyTorch does.

    Args:
        task: Binary or multilabel.
        config: Positive weights.
        train_targets: (n,) classes or (n, L) labels of the training samples, for ``balanced``.

    Raises:
        UsageError: The number of weights is not the number of labels.
        DataError: ``balanced`` and a label without a positive or a negative training sample.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("binary", "multilabel")
    pos_weight: Tensor | None

    def __init__(self, task: Task, config: BCEConfig, train_targets: NDArray[Any]) -> None:
        super().__init__(task)
        self.n_outputs = 1 if task.kind == "binary" else len(task.classes)
        self.register_buffer("pos_weight", self._pos_weight(config.pos_weight, train_targets))

    def _pos_weight(self, given: Any, train_targets: NDArray[Any]) -> Tensor | None:
        if given is None:
            return None
        if given == "balanced":
            return torch.tensor(positive_weights(train_targets, self.task), dtype=torch.float32)
        values = given if isinstance(given, tuple) else (given,) * self.n_outputs
        if len(values) != self.n_outputs:
            raise UsageError(
                f"bce has {len(values)} positive weights, "
                f"task {self.task.name!r} has {self.n_outputs} outputs",
                f"give one weight per output of {', '.join(self.task.classes)}, or one number",
            )
        return torch.tensor(values, dtype=torch.float32)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the mean over labelled entries, a scalar.

        Args:
            logits: (B, n_outputs).
            target: (B,) int64 class, -1 is unlabelled; or (B, L) float32, NaN is unlabelled.
        """
        truth = target.reshape(logits.shape).to(logits.dtype)
        labelled = truth >= 0  # False for NaN as well
        weight = None if self.pos_weight is None else self.pos_weight.to(logits.dtype)
        if not labelled.any():
            return logits[labelled].sum()  # an empty sum: 0, still part of the graph
        return functional.binary_cross_entropy_with_logits(
            logits[labelled],
            truth[labelled],
            pos_weight=None if weight is None else weight.expand_as(logits)[labelled],
        )

    def scores(self, logits: Tensor) -> Tensor:
        """Return probabilities of 1: (B,) for a binary task, else (B, L); float32 or wider."""
        wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
        probabilities = wide.sigmoid()
        return probabilities[:, 0] if self.task.kind == "binary" else probabilities
