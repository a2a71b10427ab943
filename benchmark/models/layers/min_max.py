"""A model with estimators that are trained against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from benchmark.core.batch import Batch


@runtime_checkable
class Estimating(Protocol):
    """Has networks that measure its features and have a loss of their own.

    The model's other losses must not reach the estimators' weights, and the estimators' loss must
    not reach the model's.

    Attributes:
        estimators: The measuring networks.
    """

    estimators: nn.Module

    def estimator_loss(self, batch: Batch) -> Tensor:
        """Return what the estimators minimise on a batch, a scalar."""
