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


class FocalConfig(Frozen):
    """Settings of the focal loss.

    Attributes:
        gamma: Exponent of what is missing to certainty; 0 is cross-entropy.
        weights: Weight of each class: ``none``; ``complement``, 1 minus its share of the labelled
            training samples; ``balanced``, n / (C n_c); or one positive number per class in label
            order.
    """

    gamma: float = Field(default=2.0, ge=0, allow_inf_nan=False)
    weights: Literal["none", "complement", "balanced"] | tuple[PositiveFloat, ...] = "complement"


class BCEConfig(Frozen):
    """Settings of sigmoid cross-entropy.

    Attributes:
        pos_weight: Factor on the loss of positive targets: None for 1; ``balanced``, negatives /
            positives counted per label on the labelled training samples; one positive number for
            every label; or one per label.
    """

    pos_weight: Literal["balanced"] | PositiveFloat | tuple[PositiveFloat, ...] | None = None


class CoxConfig(Frozen):
    """Settings of Cox's partial likelihood.

    Attributes:
        ties: Denominator where several events share a time.
    """

    ties: Literal["breslow", "efron"] = "breslow"


class NLLSurvConfig(Frozen):
    """Settings of the discrete-time survival likelihood.

    Attributes:
        bins: Time bins, cut at quantiles of the training event times.
        alpha: Share of weight taken from censored samples, in [0, 1).
    """

    bins: int = Field(default=4, ge=2)
    alpha: float = Field(default=0.0, ge=0, lt=1)


class MSEConfig(Frozen):
    """Squared error has no settings."""


class MAEConfig(Frozen):
    """Absolute error has no settings."""


class DiceCEConfig(Frozen):
    """Settings of cross-entropy plus soft Dice.

    Attributes:
        ce: Weight of the cross-entropy.
        dice: Weight of one minus the soft Dice.
        smooth: Added to numerator and denominator of the soft Dice, in pixels.
    """

    ce: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    dice: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    smooth: PositiveFloat = 1.0


class SmoothL1Config(Frozen):
    """Settings of the smooth absolute error.

    Attributes:
        beta: Error from which the loss is linear, in the unit of the target.
    """

    beta: PositiveFloat = 1.0
