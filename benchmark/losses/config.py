"""Settings of the losses; torch-free."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from benchmark.core.problem import Frozen

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class CrossEntropyConfig(Frozen):
    """Settings of softmax cross-entropy.

    Attributes:
        weights: Weight of each class: ``none``; ``balanced``, n / (C n_c) counted on the labelled
            training samples; or one positive number per class in label order.
        label_smoothing: Share of the target spread evenly over all classes, in [0, 1).
    """

    weights: Literal["none", "balanced"] | tuple[PositiveFloat, ...] = "none"
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)


class BCEConfig(Frozen):
    """Settings of sigmoid cross-entropy.

    Attributes:
        pos_weight: Factor on the loss of positive targets: None for 1; ``balanced``, negatives /
            positives counted per label on the labelled training samples; one positive number for
            every label; or one per label.
    """

    pos_weight: Literal["balanced"] | PositiveFloat | tuple[PositiveFloat, ...] | None = None
