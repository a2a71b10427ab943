"""Settings of the strategies whose steps are not plain; torch-free."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from benchmark.training.config import OptimizerConfig, TrainingConfig


class MinMaxConfig(TrainingConfig):
    """Settings of ``min_max``.

    A bound of information compares the samples of one forward pass with each other, so that with
    ``accumulate`` the model descends on bounds of micro-batches; estimators see whole batches.

    Attributes:
        inner_steps: Steps of the estimators before each step of the model.
        estimator_optimizer: Optimiser of the estimators; it follows the schedule too.
    """

    inner_steps: int = Field(default=1, ge=1)
    estimator_optimizer: OptimizerConfig = OptimizerConfig(name="adam", weight_decay=0.0)


class GradientCalibrationConfig(TrainingConfig):
    """Settings of ``gradient_calibration``.

    Attributes:
        momentum: Share of the previous task weights that is kept.
        branches: What gradients of modality branches are multiplied by: ``tanh``, 1 - tanh(strength
            r) where a branch's norm is r > 1 times the mean of the others'; ``match``, the smallest
            norm over its own; ``none``, 1.
        strength: Of ``tanh``.
    """

    momentum: float = Field(default=0.2, ge=0, lt=1)
    branches: Literal["tanh", "match", "none"] = "tanh"
    strength: float = Field(default=0.1, ge=0)

    @model_validator(mode="after")
    def _whole_batches(self) -> Self:
        if self.accumulate != 1:
            raise ValueError("gradients are calibrated over a whole batch: accumulate must be 1")
        return self


class MultitaskConfig(TrainingConfig):
    """Settings of ``multitask``.

    Attributes:
        weighting: ``uncertainty``: task losses are weighted by what is learned; ``equal``: summed.
        complete_labels: Whether a sample that lacks the label of any task counts for none of them.
    """

    weighting: Literal["uncertainty", "equal"] = "uncertainty"
    complete_labels: bool = False
