"""Settings of the controls; torch-free."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from benchmark.core.problem import Frozen

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class PriorConfig(Frozen):
    """Class frequencies have no settings."""


class RidgeLogisticConfig(Frozen):
    """Settings of L2 logistic regression.

    Attributes:
        c: Inverse penalties tried, as scikit-learn's ``C``: the smaller, the stronger.
        max_iter: Limit of the solver.
    """

    c: tuple[Positive, ...] = Field(default=(0.001, 0.01, 0.1, 1.0, 10.0), min_length=1)
    max_iter: int = Field(default=2000, ge=1)


class BoostingConfig(Frozen):
    """Settings of gradient-boosted trees.

    Attributes:
        rounds: Upper limit of boosting rounds.
        learning_rate: Shrinkage of each tree.
        depth: Depth of a tree.
        subsample: Share of rows drawn for each tree.
        columns: Share of features drawn for each tree.
        patience: Rounds without a better validation log-loss before stopping.
    """

    rounds: int = Field(default=300, ge=1)
    learning_rate: Positive = 0.1
    depth: int = Field(default=3, ge=1)
    subsample: Share = 0.8
    columns: Share = 0.8
    patience: int = Field(default=20, ge=1)


class BestSingleConfig(Frozen):
    """Settings of the best single modality.

    Attributes:
        estimator: What is fitted on each modality.
        metric: Validation metric that chooses; None takes ``auroc_binary`` for binary tasks and
            ``auroc_ovr_macro`` for others.
        ridge_logistic: Settings of that estimator.
        boosting: Settings of that estimator.
    """

    estimator: Literal["ridge_logistic", "boosting"] = "ridge_logistic"
    metric: str | None = None
    ridge_logistic: RidgeLogisticConfig = RidgeLogisticConfig()
    boosting: BoostingConfig = BoostingConfig()
