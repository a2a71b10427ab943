"""Settings of HAIM; torch-free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from benchmark.core.problem import TaskKind
from benchmark.models.controls._config import ControlConfig

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class HAIMConfig(ControlConfig):
    """Settings of HAIM.

    Attributes:
        depths: Depths of trees tried.
        trees: Numbers of trees tried.
        learning_rates: Shrinkages tried.
        search: What chooses among them by AUROC: ``cv``, stratified folds of the training rows; or
            ``validation``, the run's validation rows.
        folds: Of ``cv``; fewer where a class has fewer training rows.
        missing: What stands for a modality or a statistic that is not there: ``zero``, or ``nan``,
            for which trees learn a branch.
        closing_zero: Whether every series ends in a measurement of 0 that nobody made.
    """

    kinds: ClassVar[tuple[TaskKind, ...]] = ("binary", "multilabel")

    depths: Annotated[tuple[Count, ...], Field(min_length=1)] = (5, 6, 7, 8)
    trees: Annotated[tuple[Count, ...], Field(min_length=1)] = (200, 300)
    learning_rates: Annotated[tuple[Rate, ...], Field(min_length=1)] = (0.3, 0.1, 0.05)
    search: Literal["cv", "validation"] = "cv"
    folds: int = Field(default=5, ge=2)
    missing: Literal["zero", "nan"] = "zero"
    closing_zero: bool = False
