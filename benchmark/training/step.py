"""One optimiser step over a batch that may be cut into micro-batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch
from benchmark.core.errors import DivergedError
from benchmark.losses._base import Loss
from benchmark.models._base import Model
from benchmark.training.config import TrainingConfig
from benchmark.training.evaluate import autocast

#: From the losses of all tasks, each by its share of the batch's labels, and the share of its
#: samples, to one term.
Join = Callable[[Mapping[str, Tensor], float], Tensor]


def gradient_step(
    model: Model,
    losses: Mapping[str, Loss],
    batch: Batch,
    optimizer: torch.optim.Optimizer,
    config: TrainingConfig,
    join: Join | None = None,
) -> float:
    """Descend once and return the loss of the batch.

    The loss is ``sum_t w_t L_t`` over tasks, plus the terms the model adds. Each micro-batch counts
    by its share of the labelled (weighted) targets, so that cutting a batch changes nothing but
    rounding; the model's own terms count by the share of samples.

    Args:
        model: In training mode.
        losses: Loss of each task.
        batch: Samples of the step, on the device of the model.
        optimizer: Its learning rate is set already.
        config: Micro-batches, clipping, precision, task weights.
        join: Takes the place of the sum over tasks; it gets ``w_t L_t``.

    Raises:
        DivergedError: A loss or a logit is not finite; the caller adds where.
    """
    optimizer.zero_grad(set_to_none=True)
    pieces = torch.arange(batch.size, device=batch.rows.device).tensor_split(config.accumulate)
    whole = {task: loss.weight(batch.targets[task]) for task, loss in losses.items()}
    total = 0.0
    for index in pieces:
        if index.numel():
            piece = batch.select(index) if config.accumulate > 1 else batch
            loss = _weighted_loss(model, losses, piece, whole, batch.size, config, join)
            loss.backward()
            total += float(loss.detach())
    if config.clip_norm is not None:
        # Of what is stepped: a model may hold parts that have an optimiser of their own.
        stepped = [one for group in optimizer.param_groups for one in group["params"]]
        nn.utils.clip_grad_norm_(stepped, config.clip_norm)
    optimizer.step()
    return total


def _weighted_loss(
    model: Model,
    losses: Mapping[str, Loss],
    piece: Batch,
    whole: Mapping[str, Tensor],
    size: int,
    config: TrainingConfig,
    join: Join | None,
) -> Tensor:
    with autocast(piece.rows.device.type, config.precision):
        output = model(piece)
    of_tasks = {}
    for task, loss in losses.items():
        logits, target = output.logits[task].float(), piece.targets[task]
        # Without a label in the batch the loss is 0 already; 1 only avoids 0/0.
        share = loss.weight(target) / whole[task].clamp(min=torch.finfo(torch.float32).tiny)
        of_tasks[task] = config.task_weights.get(task, 1.0) * share * loss(logits, target)
    terms = list(of_tasks.values()) if join is None else [join(of_tasks, piece.size / size)]
    terms += [piece.size / size * term.float() for term in output.losses.values()]
    total = torch.stack(terms).sum()
    _check_finite(total, output.logits)
    return total


def _check_finite(loss: Tensor, logits: Mapping[str, Tensor]) -> None:
    if not bool(torch.isfinite(loss)):
        raise DivergedError(f"the training loss is {float(loss.detach())}")
    for task, values in logits.items():
        if not bool(torch.isfinite(values).all()):
            raise DivergedError(f"logits of task {task!r} are not finite")
