"""Settings of the figures that tables ask for; torch-free."""

from __future__ import annotations

from pydantic import Field

from benchmark.core.problem import Frozen


class ViolinsConfig(Frozen):
    """Settings of violins.

    Attributes:
        prefix: Beginning of the columns drawn, e.g. ``weight:``; what follows is their label.
        label: Of the axis.
    """

    prefix: str
    label: str


class ExpertWeightsConfig(ViolinsConfig):
    """Violins of the weights that the analysis ``experts`` found."""

    prefix: str = "weight:"
    label: str = "Weight"


class ExpertBarsConfig(Frozen):
    """Settings of the bars of experts.

    Attributes:
        metric: Drawn; None takes the first there is of ACC, exact match and MAE.
    """

    metric: str | None = None


class ExpertSampleConfig(Frozen):
    """Which sample and which logit is drawn.

    Attributes:
        position: In the order of the test samples of the first run.
        output: Column of the logits, counted from 0; None takes the class that the model decides
            for.
    """

    position: int = Field(default=0, ge=0)
    output: int | None = Field(default=None, ge=0)
