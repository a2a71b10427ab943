"""Losses of regression tasks: one output, the value itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmark.core.problem import Task, TaskKind
from benchmark.losses._base import Loss
from benchmark.losses.config import MAEConfig, MSEConfig, SmoothL1Config


class _Regression(Loss):
    """The mean over labelled samples of something of prediction and target."""

    kinds: ClassVar[tuple[TaskKind, ...]] = ("regression",)

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.n_outputs = 1

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the mean over labelled samples, a scalar.

        Args:
            logits: (B, 1) predicted values.
            target: (B,) float; NaN is unlabelled.
        """
        labelled = target.isfinite()
        if not labelled.any():
            return logits[:0].sum()  # an empty sum: 0, still part of the graph
        return self._mean(logits[labelled, 0], target[labelled].to(logits.dtype))

    def scores(self, logits: Tensor) -> Tensor:
        """Return the predicted values (B,); float32 or wider."""
        return logits[:, 0].to(torch.promote_types(logits.dtype, torch.float32))

    @abstractmethod
    def _mean(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return the loss of labelled samples (K,), K >= 1."""


class MSE(_Regression):
    """Squared error ``(p - y)^2``, whose minimum is the conditional mean.

    Args:
        task: Regression.
        config: No settings.
        train_targets: Not used.
    """

    def __init__(self, task: Task, config: MSEConfig, train_targets: NDArray[Any]) -> None:
        super().__init__(task)

    def _mean(self, prediction: Tensor, target: Tensor) -> Tensor:
        return functional.mse_loss(prediction, target)


class MAE(_Regression):
    """Absolute error ``|p - y|``, whose minimum is the conditional median.

    Args:
        task: Regression.
        config: No settings.
        train_targets: Not used.
    """

    def __init__(self, task: Task, config: MAEConfig, train_targets: NDArray[Any]) -> None:
        super().__init__(task)

    def _mean(self, prediction: Tensor, target: Tensor) -> Tensor:
        return functional.l1_loss(prediction, target)


class SmoothL1(_Regression):
    """Squared near the target, absolute far from it.

    With error e: ``e^2 / (2 beta)`` where |e| < beta, else ``|e| - beta / 2``; Girshick, "Fast
    R-CNN" (ICCV 2015), eq. 3, which has beta = 1.

    Args:
        task: Regression.
        config: Where the two meet.
        train_targets: Not used.
    """

    def __init__(self, task: Task, config: SmoothL1Config, train_targets: NDArray[Any]) -> None:
        super().__init__(task)
        self.beta = config.beta

    def _mean(self, prediction: Tensor, target: Tensor) -> Tensor:
        return functional.smooth_l1_loss(prediction, target, beta=self.beta)
