"""Training by epochs: shuffle, step, validate, keep the best, checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch
from benchmark.core.errors import DataError, DivergedError
from benchmark.core.seeding import derive_seed
from benchmark.losses._base import Loss
from benchmark.models._base import Model
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.config import TrainingConfig
from benchmark.training.early_stopping import EarlyStopping
from benchmark.training.evaluate import predict_logits
from benchmark.training.optim import lr_factor, make_optimizer, scale_lr
from benchmark.training.selection import Criterion
from benchmark.training.step import gradient_step

_log = logging.getLogger("benchmark.training")
Progress = Callable[[str, dict[str, Any]], None]


@dataclass
class History:
    """What happened, by epoch.

    Attributes:
        train_loss: Mean training loss of the steps.
        val: Value of the selection criterion.
    """

    train_loss: list[float] = field(default_factory=list)
    val: list[float] = field(default_factory=list)


class Trainer:
    """Trains a model on one dataset.

    Everything random in an epoch is seeded from the run's seed and the epoch's number at its start,
    so a checkpoint needs no generator state and a resumed run gives the same bits.

    A strategy that differs in what one step does subclasses this: :meth:`step` is one step,
    :meth:`make_optimizers` its optimisers, and :meth:`extra_state` whatever else it remembers from
    one step to the next. A model that defines ``start_epoch(epoch)`` or
    ``end_validation(losses)`` (validation loss of every task that has labels there, whatever the
    criterion is) is told; what these change must lie in buffers, which checkpoints and the kept
    weights hold.

    Args:
        model: On ``device``; holds the kept weights after :meth:`run`.
        losses: Loss of each task, on ``device``.
        criterion: What is best on validation.
        train: All training samples.
        val: All validation samples.
        config: Settings.
        seed: The run's seed.
        device: Where to compute.
        augment: Changes the samples of a step at random; None leaves them as they are.

    Raises:
        DataError: No training sample is labelled.
    """

    def __init__(
        self,
        model: Model,
        losses: Mapping[str, Loss],
        criterion: Criterion,
        train: Batch,
        val: Batch,
        config: TrainingConfig,
        seed: int,
        device: str,
        augment: Callable[[Batch], Batch] | None = None,
    ) -> None:
        self.augment = augment
        self.model, self.losses, self.criterion = model, losses, criterion
        self.train, self.val, self.config = train, val, config
        self.seed, self.device = seed, device
        self.labelled = labelled_positions(train)
        self.steps = _steps(len(self.labelled), config)
        self.optimizers = self.make_optimizers()
        self.stopping = EarlyStopping(config.early_stopping, criterion.higher_is_better)
        self.history = History()
        self.epoch = 0
        self.steps_done = 0
        self.best: dict[str, Tensor] = {}

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the optimisers by name; all follow the one schedule and enter checkpoints."""
        return {"main": make_optimizer(self.model.parameters(), self.config.optimizer)}

    def step(self, batch: Batch) -> float:
        """Descend once on a batch that is on the device; return its loss.

        ``self.steps_done`` counts the steps before this one, over all epochs.
        """
        optimizer = self.optimizers["main"]
        return gradient_step(self.model, self.losses, batch, optimizer, self.config)

    def extra_state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold besides model and optimisers: tensors, numbers."""
        return {}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`extra_state` returned; tensors come on the CPU."""

    def run(self, checkpoint: Checkpoint, progress: Progress) -> None:
        """Train to the end, going on from a checkpoint; then load the kept weights.

        Raises:
            DivergedError: Loss or logits are not finite; names epoch and step.
            DataError: The criterion is undefined on the validation part.
        """
        self._resume(checkpoint)
        while self.epoch < self.config.epochs and not self.stopping.stop:
            self._epoch(self.epoch + 1)
            checkpoint.save(self._state())
            progress("epoch", self._report())
        self.model.load_state_dict(self.best)

    def _epoch(self, epoch: int) -> None:
        """Train and validate epoch ``epoch``, counted from 1."""
        loss = self._train_epoch(epoch)
        logits, targets = self._validate(epoch)
        value = self.criterion.value(logits, targets, self.losses)
        self.history.train_loss.append(loss)
        self.history.val.append(value)
        self.epoch = epoch
        if self.stopping.update(epoch, value):
            self.best = _copy(self.model)
        # After the copy: kept weights are those that were validated.
        if hasattr(self.model, "end_validation"):
            _tell(self.model, "end_validation", task_losses(logits, targets, self.losses))
        _log.info(
            "epoch %d/%d: train loss %.6g, validation %s %.6g%s",
            epoch,
            self.config.epochs,
            loss,
            self.criterion.metric,
            value,
            ", best so far" if self.stopping.best_epoch == epoch else "",
        )

    def _train_epoch(self, epoch: int) -> float:
        return sum(self.steps_of(epoch)) / self.steps

    def steps_of(self, epoch: int) -> Iterator[float]:
        """Do the steps of epoch ``epoch`` one by one and yield the loss of each."""
        torch.manual_seed(derive_seed(self.seed, "epoch", epoch))
        _tell(self.model, "start_epoch", epoch)
        self.model.train()
        batches = self._order(epoch).split(self.config.batch_size)[: self.steps]
        for step, index in enumerate(batches):
            self.steps_done = done = (epoch - 1) * self.steps + step
            factor = lr_factor(done, self.steps, self.config.epochs, self.config.schedule)
            for optimizer in self.optimizers.values():
                scale_lr(optimizer, factor)
            batch = self.train.select(index).to(self.device)
            if self.augment is not None:
                batch = self.augment(batch)
            with _located(epoch, f"step {step + 1} of {self.steps}"):
                loss = self.step(batch)
            yield loss

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", epoch))
        shuffled = self.labelled[torch.randperm(len(self.labelled), generator=generator)]
        return shuffled.to(self.train.rows.device)

    def _validate(self, epoch: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return logits and targets of all validation samples by task."""
        with _located(epoch, "validation"):
            logits = self.predict(self.val)
        return logits, {task: one.to(self.device) for task, one in self.val.targets.items()}

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return logits (N, C) by task with the model's present weights."""
        size = self.config.scoring_batch_size
        return predict_logits(self.model, batch, self.device, size, self.config.precision)

    def _state(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimizers": {name: one.state_dict() for name, one in self.optimizers.items()},
            "extra": self.extra_state(),
            "best": self.best,
            "stopping": self.stopping.state(),
            "train_loss": self.history.train_loss,
            "val": self.history.val,
        }

    def _resume(self, checkpoint: Checkpoint) -> None:
        state = checkpoint.load()
        if state is None:
            return
        if _shapes(state["model"]) != _shapes(self.model.state_dict()):
            _log.warning("checkpoint %s is of another model; starting again", checkpoint.path)
            return
        self.model.load_state_dict(state["model"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.load_extra_state(state["extra"])
        self.stopping.restore(state["stopping"])
        self.best, self.epoch = state["best"], state["epoch"]
        self.history = History(list(state["train_loss"]), list(state["val"]))
        _log.info("going on after epoch %d from %s", self.epoch, checkpoint.path)

    def _report(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "epochs": self.config.epochs,
            "train_loss": self.history.train_loss[-1],
            self.criterion.metric: self.history.val[-1],
            "best_epoch": self.stopping.best_epoch,
        }


def labelled_positions(batch: Batch) -> Tensor:
    """Return the samples with a label of at least one task, (K,) int64 on the CPU.

    Raises:
        DataError: There is none.
    """
    known = torch.zeros(batch.size, dtype=torch.bool)
    for target in batch.targets.values():
        rows = target.reshape(batch.size, -1).cpu()
        known |= (rows.isfinite() if rows.is_floating_point() else rows >= 0).any(dim=1)
    if not bool(known.any()):
        tasks = ", ".join(batch.targets)
        raise DataError(
            f"no training sample of {batch.dataset!r} has a label of {tasks}",
            "choose another task or another split",
        )
    return known.nonzero().squeeze(1)


def task_losses(
    logits: Mapping[str, Tensor], targets: Mapping[str, Tensor], losses: Mapping[str, Loss]
) -> dict[str, float]:
    """Return the unweighted loss of every task that has a label, from logits (N, C) by task."""
    with torch.no_grad():
        return {
            task: float(loss(logits[task], targets[task]))
            for task, loss in losses.items()
            if float(loss.weight(targets[task])) > 0
        }


def _tell(model: nn.Module, hook: str, *facts: Any) -> None:
    """Call a hook of the model, if it has it."""
    told = getattr(model, hook, None)
    if told is not None:
        told(*facts)


def _steps(samples: int, config: TrainingConfig) -> int:
    """Optimiser steps per epoch; a short batch that is the only one is never dropped."""
    full, rest = divmod(samples, config.batch_size)
    return max(1, full if config.drop_last else full + (rest > 0))


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: one.detach().cpu().clone() for name, one in model.state_dict().items()}


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(one.shape) for name, one in state.items()}


@contextmanager
def _located(epoch: int, where: str) -> Iterator[None]:
    """Add epoch and step to a DivergedError raised inside."""
    try:
        yield
    except DivergedError as error:
        raise DivergedError(
            f"{error.message} in epoch {epoch}, {where}",
            "lower the learning rate or clip gradients",
        ) from error
