"""Plain training: minimise the weighted task losses by gradient steps."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from benchmark.core.batch import Batch
from benchmark.core.result import Part
from benchmark.training.build import build_losses, build_model
from benchmark.training.config import TrainingConfig
from benchmark.training.loop import Trainer
from benchmark.training.selection import make_criterion
from benchmark.training.strategies._base import Fitted, Job, Strategy


class Plain(Strategy):
    """One optimiser over all parameters, one stage.

    A strategy whose steps are of another kind subclasses this and names its own trainer.

    Args:
        config: Settings of the loop.

    Attributes:
        trainer: What goes through the epochs.
    """

    trainer: ClassVar[type[Trainer]] = Trainer

    def __init__(self, config: TrainingConfig) -> None:
        self.config = config

    def fit(self, job: Job) -> Fitted:
        """Train; see :class:`benchmark.training.loop.Trainer`."""
        trainer = self.make_trainer(job)
        trainer.run(job.checkpoint, job.progress)

        def predict(part: Part) -> dict[str, NDArray[np.float64]]:
            batch = trainer.val if part == "val" else job.data.batch(part)
            return _scores(trainer, batch)

        return Fitted(predict, _info(trainer), trainer.best)

    def make_trainer(self, job: Job) -> Trainer:
        """Build the model and what goes through its epochs."""
        data, spec = job.data, job.spec
        criterion = make_criterion(data.component, self.config)
        losses = build_losses(spec, data.component, data.targets("train"))
        paths = data.dataset.context.paths
        model = build_model(spec, data.component, losses, paths).to(job.device)
        return self.trainer(
            model,
            {task: loss.to(job.device) for task, loss in losses.items()},
            criterion,
            data.batch("train").to(job.device),
            data.batch("val").to(job.device),
            self.config,
            spec.seed,
            job.device,
            data.dataset.augment,
        )


def _scores(trainer: Trainer, batch: Batch) -> dict[str, NDArray[np.float64]]:
    logits = trainer.predict(batch)
    return {
        task: loss.scores(logits[task]).cpu().numpy().astype(np.float64)
        for task, loss in trainer.losses.items()
    }


def _info(trainer: Trainer) -> dict[str, Any]:
    stopping = trainer.stopping
    return {
        "epochs": trainer.epoch,
        "best_epoch": stopping.best_epoch,
        "stopped_early": trainer.epoch < trainer.config.epochs,
        "selection": trainer.criterion.metric,
        "best_value": stopping.best,
        "history": {
            "val": [float(f"{value:.6g}") for value in trainer.history.val],
            "train_loss": [float(f"{value:.6g}") for value in trainer.history.train_loss],
        },
        "parameters": parameter_counts(trainer.model),
    }


def parameter_counts(model: nn.Module) -> dict[str, int]:
    """Count parameters: ``total``, ``trainable``, ``encoders`` and ``fusion`` (all the rest)."""
    named = dict(model.named_parameters())
    total = sum(one.numel() for one in named.values())
    encoders = sum(one.numel() for name, one in named.items() if name.startswith("encoders."))
    trainable = sum(one.numel() for one in named.values() if one.requires_grad)
    return {
        "total": total,
        "trainable": trainable,
        "encoders": encoders,
        "fusion": total - encoders,
    }
