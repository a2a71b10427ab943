"""Settings of InterpretCC's feature gating; torch-free."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from benchmark.models._config import ModelConfig


class InterpretCCConfig(ModelConfig):
    """Settings of InterpretCC's feature gating.

    Attributes:
        tau: Temperature of the gates.
        threshold: A gate above it is open.
        dropout: In the joint perceptron.
        eval_gumbel_noise: Draw the gates' noise in evaluation too, as released.
    """

    separable: ClassVar[bool] = True

    tau: float = Field(default=1.0, gt=0)
    threshold: float = Field(default=0.5, ge=0, lt=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    eval_gumbel_noise: bool = False
