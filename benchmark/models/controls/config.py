"""Settings of the controls; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.core.problem import TaskKind
from benchmark.models.controls._config import ControlConfig

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


Grid = Annotated[tuple[Positive, ...], Field(min_length=1)]


class PriorConfig(ControlConfig):
    """What is known without any modality has no settings."""

    kinds: ClassVar[tuple[TaskKind, ...]] = (*ControlConfig.kinds, "segmentation")


class RidgeLogisticConfig(ControlConfig):
    """Settings of L2 logistic regression.

    Attributes:
        c: Inverse penalties tried, as scikit-learn's ``C``: the smaller, the stronger.
        max_iter: Limit of the solver.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "multilabel")

    c: Grid = (0.001, 0.01, 0.1, 1.0, 10.0)
    max_iter: int = Field(default=2000, ge=1)


class RidgeRegressionConfig(ControlConfig):
    """Settings of L2 linear regression.

    Attributes:
        penalty: Penalties tried, per sample and for a target of unit variance.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("regression",)

    penalty: Grid = (0.001, 0.01, 0.1, 1.0, 10.0)


class RidgeCoxConfig(ControlConfig):
    """Settings of L2 Cox regression.

    Attributes:
        penalty: Penalties tried, per sample as lifelines' ``penalizer``.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("survival",)

    penalty: Grid = (0.01, 0.1, 1.0, 10.0, 100.0)


class PCARidgeCoxConfig(RidgeCoxConfig):
    """Settings of L2 Cox regression on principal components.

    Attributes:
        components: Principal components kept of each modality, at most.
        modalities: Modalities used; None takes all.
    """

    penalty: Grid = (0.1,)
    components: int = Field(default=30, ge=1)
    modalities: tuple[str, ...] | None = Field(default=None, min_length=1)


class BoostingConfig(ControlConfig):
    """Settings of gradient-boosted trees.

    Attributes:
        rounds: Upper limit of boosting rounds.
        learning_rate: Shrinkage of each tree.
        depth: Depth of a tree.
        subsample: Share of rows drawn for each tree.
        columns: Share of features drawn for each tree.
        patience: Rounds without a better validation loss before stopping.
    """

    rounds: int = Field(default=300, ge=1)
    learning_rate: Positive = 0.1
    depth: int = Field(default=3, ge=1)
    subsample: Share = 0.8
    columns: Share = 0.8
    patience: int = Field(default=20, ge=1)


class BoostingCoxConfig(BoostingConfig):
    """Settings of gradient-boosted trees under Cox's partial likelihood.

    Attributes:
        learning_rate: Shrinkage of each tree; survival sets are small, so it is low.
        columns: Share of features drawn for each tree; molecular data has thousands.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("survival",)

    learning_rate: Positive = 0.05
    columns: Share = 0.3


class RidgeConfigs(ControlConfig):
    """Settings of L2 regression of every kind of task.

    Attributes:
        ridge_logistic: Of tasks with classes.
        ridge_regression: Of regression.
        ridge_cox: Of survival.
    """

    ridge_logistic: RidgeLogisticConfig = RidgeLogisticConfig()
    ridge_regression: RidgeRegressionConfig = RidgeRegressionConfig()
    ridge_cox: RidgeCoxConfig = RidgeCoxConfig()


class ClinicalOnlyConfig(RidgeConfigs):
    """Settings of L2 regression on one modality.

    Attributes:
        modality: The modality.
    """

    modality: str = "clinical"


class GivenScoreConfig(ControlConfig):
    """Settings of the score that the data comes with.

    Attributes:
        modality: Holds the score.
        fact: Which number of the modality's control features it is, from 0.
        link: What the number is: a ``probability``, or a ``logit``.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("binary",)

    modality: str = "score"
    fact: int = Field(default=0, ge=0)
    link: Literal["probability", "logit"] = "probability"


class BestSingleConfig(RidgeConfigs):
    """Settings of the best single modality.

    Attributes:
        estimator: What is fitted on each modality; ``ridge_logistic`` stands for L2 regression of
            the task's kind.
        metric: Validation metric that chooses; None takes ``auroc_binary`` for binary tasks,
            ``mae`` for regression, ``c_index`` for survival and ``auroc_ovr_macro`` for others.
        boosting: Settings of that estimator.
    """

    estimator: Literal["ridge_logistic", "boosting"] = "ridge_logistic"
    metric: str | None = None
    boosting: BoostingConfig = BoostingConfig()
