"""Several tasks at once: losses weighted by learned uncertainties, samples with all labels only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch
from benchmark.training.loop import Trainer
from benchmark.training.optim import make_optimizer
from benchmark.training.step import gradient_step
from benchmark.training.strategies.config import MultitaskConfig
from benchmark.training.strategies.plain import Plain


class MultitaskTrainer(Trainer):
    """Descends on ``sum_t L_t / (2 w_t^2) + log(1 + w_t^2)``, w_t learned from 1 on.

    Kendall et al., "Multi-task learning using uncertainty to weigh losses" (CVPR 2018), in the form
    that cannot become negative (Liebel and Koerner, "Auxiliary tasks in multi-task learning",
    2018). The w_t have no weight decay. They weigh the training loss only; selection does not see
    them.
    """

    config: MultitaskConfig

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one optimiser of the model and of w."""
        main = make_optimizer(self.model.parameters(), self.config.optimizer)
        self.uncertainties = nn.Parameter(torch.ones(len(self.losses), device=self.device))
        if self.config.weighting == "uncertainty":
            main.add_param_group({"params": [self.uncertainties], "weight_decay": 0.0})
        return {"main": main}

    def step(self, batch: Batch) -> float:
        """Descend once on the samples that count; return the joint loss."""
        if self.config.complete_labels:
            batch = only_complete(batch)
        join = self._join if self.config.weighting == "uncertainty" else None
        main = self.optimizers["main"]
        return gradient_step(self.model, self.losses, batch, main, self.config, join)

    def _join(self, of_tasks: Mapping[str, Tensor], share: float) -> Tensor:
        squares = self.uncertainties.square()
        weighted = torch.stack(list(of_tasks.values())) / (2 * squares)
        return (weighted + share * torch.log1p(squares)).sum()

    def extra_state(self) -> dict[str, Any]:
        """Return w."""
        return {"uncertainties": self.uncertainties.detach()}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Take over w."""
        with torch.no_grad():
            self.uncertainties.copy_(state["uncertainties"])


def only_complete(batch: Batch) -> Batch:
    """Take every label from the samples that lack the label of any task.

    A mask counts as a label if any of its pixels does.
    """
    complete = torch.ones(batch.size, dtype=torch.bool, device=batch.rows.device)
    for target in batch.targets.values():
        known = target.isfinite() if target.is_floating_point() else target >= 0
        complete &= known.flatten(1).any(dim=1) if known.dim() > 2 else _all(known)
    emptied = {}
    for task, target in batch.targets.items():
        nothing = torch.full_like(target, torch.nan if target.is_floating_point() else -1)
        emptied[task] = torch.where(complete.view(-1, *[1] * (target.dim() - 1)), target, nothing)
    return replace(batch, targets=emptied)


def _all(known: Tensor) -> Tensor:
    return known if known.dim() == 1 else known.all(dim=1)


class Multitask(Plain):
    """Plain epochs of such steps; see :class:`MultitaskTrainer`.

    Args:
        config: Settings of the loop and of how tasks are joined.
    """

    trainer = MultitaskTrainer
