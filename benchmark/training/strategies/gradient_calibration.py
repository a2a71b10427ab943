"""Gradient calibration: tasks are weighed at the last shared layer, modalities at their branches.

As FULLER describes it (Huang et al., ICCV 2023), whose abstract tells where gradients are
calibrated; how is inferred, see ``benchmark.training.calibration``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch
from benchmark.core.errors import DivergedError, UsageError
from benchmark.models.layers.branched import Branched
from benchmark.training.calibration import branch_scales, updated_weights
from benchmark.training.evaluate import autocast
from benchmark.training.loop import Trainer
from benchmark.training.strategies.config import GradientCalibrationConfig
from benchmark.training.strategies.plain import Plain


class CalibratedTrainer(Trainer):
    """Back-propagates through heads, shared part and branches one after the other.

    Heads get the gradients of their own losses. At the shared features the tasks' gradients are
    weighted so that the last shared layer moves impartially; at the branches each modality's
    gradient is scaled. The task weights are remembered from step to step.
    """

    config: GradientCalibrationConfig
    weights: Tensor

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the one optimiser, and start from equal weights.

        Raises:
            UsageError: The model does not consist of branches, a shared part and heads.
        """
        if not isinstance(self.model, Branched):
            raise UsageError(
                "strategy 'gradient_calibration' needs branches, a shared part and heads, "
                f"{type(self.model).__name__} does not tell them apart",
                "use the model fuller, or strategy 'plain'",
            )
        count = len(self.losses)
        self.weights = torch.full((count,), 1 / count, dtype=torch.float64)
        return super().make_optimizers()

    def step(self, batch: Batch) -> float:
        """Descend once on calibrated gradients; return the sum of the task losses."""
        optimizer = self.optimizers["main"]
        optimizer.zero_grad(set_to_none=True)
        total = self._calibrated_backward(batch)
        if self.config.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        optimizer.step()
        return total

    def _calibrated_backward(self, batch: Batch) -> float:
        model = self.model
        assert isinstance(model, Branched)
        with autocast(batch.rows.device.type, self.config.precision):
            branches = model.branches(batch)
            held = [_leaf(one) for one in branches]
            shared = model.fuse(batch, held)
            top = _leaf(shared)
            losses = self._losses(model.heads_of(batch, top), batch)
        at_top = _each_backward(losses, top)
        gradients = torch.stack([_flat(shared, model.last_shared(), one) for one in at_top])
        self.weights = updated_weights(self.weights, gradients.cpu(), self.config.momentum)
        weights = self.weights.to(top.device, top.dtype)
        mixed = torch.einsum("t,t...->...", weights, torch.stack(at_top))
        torch.autograd.backward([shared], [mixed])
        self._branches_backward(branches, [_gradient(one) for one in held])
        return float(torch.stack(losses).sum().detach())

    def _losses(self, logits: Mapping[str, Tensor], batch: Batch) -> list[Tensor]:
        losses = []
        for task, loss in self.losses.items():
            one = self.config.task_weights.get(task, 1.0) * loss(
                logits[task].float(), batch.targets[task]
            )
            if not bool(torch.isfinite(one) & torch.isfinite(logits[task]).all()):
                raise DivergedError(f"the loss of task {task!r} is {float(one.detach())}")
            losses.append(one)
        return losses

    def _branches_backward(self, branches: list[Tensor], gradients: list[Tensor]) -> None:
        norms = torch.stack([one.norm() for one in gradients])
        scales = branch_scales(norms, self.config.branches, self.config.strength)
        # A branch whose modality nobody in the batch has depends on nothing.
        kept = [m for m, branch in enumerate(branches) if branch.requires_grad]
        torch.autograd.backward(
            [branches[m] for m in kept], [scales[m] * gradients[m] for m in kept]
        )

    def extra_state(self) -> dict[str, Any]:
        """Return the task weights."""
        return {"weights": self.weights}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Take over the task weights."""
        self.weights = state["weights"]


class GradientCalibration(Plain):
    """Plain epochs of calibrated steps; see :class:`CalibratedTrainer`.

    Args:
        config: Settings of the loop and of the calibration.
    """

    trainer = CalibratedTrainer


def _leaf(tensor: Tensor) -> Tensor:
    """Return the same values, at which back-propagation stops and leaves its gradient."""
    return tensor.detach().requires_grad_()


def _gradient(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad


def _each_backward(losses: list[Tensor], top: Tensor) -> list[Tensor]:
    """Return the gradient of every loss at the shared features; heads keep theirs."""
    found = []
    for number, loss in enumerate(losses):
        top.grad = None
        loss.backward(retain_graph=number + 1 < len(losses))
        found.append(_gradient(top))
    return found


def _flat(shared: Tensor, weights: list[nn.Parameter], gradient: Tensor) -> Tensor:
    """Return the gradient of the last shared layer's weights, one vector."""
    parts = torch.autograd.grad(shared, weights, gradient, retain_graph=True, allow_unused=True)
    return torch.cat(
        [
            (torch.zeros_like(weight) if part is None else part).flatten()
            for weight, part in zip(weights, parts, strict=True)
        ]
    )
