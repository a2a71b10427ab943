"""Min-max training: estimators fit themselves, then the model descends on what they measure."""

from __future__ import annotations

import torch

from benchmark.core.batch import Batch
from benchmark.core.errors import DivergedError, UsageError
from benchmark.models.layers.min_max import Estimating
from benchmark.training.evaluate import autocast
from benchmark.training.loop import Trainer
from benchmark.training.optim import make_optimizer
from benchmark.training.step import gradient_step
from benchmark.training.strategies.config import MinMaxConfig
from benchmark.training.strategies.plain import Plain


class MinMaxTrainer(Trainer):
    """Two optimisers: ``main`` for the model, ``estimators`` for what measures its features.

    One step: ``inner_steps`` times the estimators descend on their own loss, with features as they
    are; then the model descends once on the task losses and its own terms, with estimators as they
    are. Both optimisers follow the schedule and lie in checkpoints.
    """

    config: MinMaxConfig

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return both optimisers.

        Raises:
            UsageError: The model has no estimators.
        """
        if not isinstance(self.model, Estimating):
            raise UsageError(
                f"strategy 'min_max' trains estimators, {type(self.model).__name__} has none",
                "use strategy 'plain'",
            )
        measuring = list(self.model.estimators.parameters())
        known = {id(one) for one in measuring}
        rest = [one for one in self.model.parameters() if id(one) not in known]
        return {
            "main": make_optimizer(rest, self.config.optimizer),
            "estimators": make_optimizer(measuring, self.config.estimator_optimizer),
        }

    def step(self, batch: Batch) -> float:
        """Fit the estimators, then descend; return the model's loss."""
        for _ in range(self.config.inner_steps):
            self._fit_estimators(batch)
        main = self.optimizers["main"]
        return gradient_step(self.model, self.losses, batch, main, self.config)

    def _fit_estimators(self, batch: Batch) -> None:
        assert isinstance(self.model, Estimating)
        optimizer = self.optimizers["estimators"]
        optimizer.zero_grad(set_to_none=True)
        with autocast(batch.rows.device.type, self.config.precision):
            loss = self.model.estimator_loss(batch)
        if not bool(torch.isfinite(loss)):
            raise DivergedError(f"the estimators' loss is {float(loss.detach())}")
        if loss.requires_grad:  # else nobody in the batch has two modalities
            loss.backward()
            optimizer.step()


class MinMax(Plain):
    """Plain epochs of min-max steps; see :class:`MinMaxTrainer`.

    Args:
        config: Settings of the loop and of the estimators.
    """

    trainer = MinMaxTrainer
