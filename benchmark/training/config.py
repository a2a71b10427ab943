"""Settings of a training run; torch-free."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from benchmark.core.problem import Frozen

Beta = Annotated[float, Field(ge=0, lt=1)]


class OptimizerConfig(Frozen):
    """Optimiser of all parameters.

    Attributes:
        name: ``adamw``, ``adam`` (L2 in the gradient) or ``sgd`` (momentum).
        lr: Learning rate.
        weight_decay: Decoupled for adamw.
        betas: Of adam and adamw.
        momentum: Of sgd.
    """

    name: Literal["adamw", "adam", "sgd"] = "adamw"
    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    momentum: float = Field(default=0.9, ge=0, lt=1)


class ScheduleConfig(Frozen):
    """Learning rate over optimiser steps: linear warm-up, then the named decay.

    Attributes:
        name: ``constant``, ``cosine`` (to ``final`` x lr) or ``step`` (x ``gamma`` every ``every``
            epochs).
        warmup: Share of all steps in [0, 1) that ramp up linearly from 0.
        final: Share of lr that a cosine ends at.
        every: Epochs between steps.
        gamma: Factor per step.
    """

    name: Literal["constant", "cosine", "step"] = "constant"
    warmup: float = Field(default=0.0, ge=0, lt=1)
    final: float = Field(default=0.0, ge=0, le=1)
    every: int = Field(default=10, ge=1)
    gamma: float = Field(default=0.1, gt=0)


class SelectionConfig(Frozen):
    """Which epoch's weights are kept: the best on validation.

    Attributes:
        metric: ``loss`` (validation task loss, lower is better), a metric id, or ``auroc``: the
            binary or one-vs-rest AUROC, whichever fits each task.
        task: Task the metric is taken of; None averages over the tasks it is defined for.
    """

    metric: str = "loss"
    task: str | None = None


class EarlyStoppingConfig(Frozen):
    """Stop after ``patience`` epochs without an improvement of the selection metric.

    Attributes:
        patience: Epochs; None trains all epochs.
        min_delta: Smallest change that counts as an improvement of the patience counter.
    """

    patience: int | None = Field(default=None, ge=1)
    min_delta: float = Field(default=0.0, ge=0)


class TrainingConfig(Frozen):
    """Everything plain training needs.

    Attributes:
        epochs: Upper limit.
        batch_size: Samples per optimiser step (times ``accumulate`` smaller batches).
        accumulate: Micro-batches per step; the effective batch stays ``batch_size``.
        optimizer: Optimiser.
        schedule: Learning-rate schedule.
        clip_norm: Global gradient norm limit; None does not clip.
        selection: What chooses the kept epoch.
        early_stopping: When to stop before ``epochs``.
        precision: ``fp32`` or ``bf16`` autocast.
        task_weights: Weight of each task's loss; 1 for those not named.
        drop_last: Drop a last short batch of an epoch.
    """

    epochs: int = Field(default=50, ge=1)
    batch_size: int = Field(default=32, ge=1)
    accumulate: int = Field(default=1, ge=1)
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    clip_norm: float | None = Field(default=None, gt=0)
    selection: SelectionConfig = SelectionConfig()
    early_stopping: EarlyStoppingConfig = EarlyStoppingConfig()
    precision: Literal["fp32", "bf16"] = "fp32"
    task_weights: dict[str, float] = Field(default_factory=dict)
    drop_last: bool = False

    @property
    def scoring_batch_size(self) -> int:
        """Samples of a forward pass without gradients, which needs far less memory than a step."""
        return 4 * max(1, self.batch_size // self.accumulate)


class FitConfig(Frozen):
    """Settings of the ``fit`` strategy: none; a control carries its own."""
