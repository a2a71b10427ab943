"""Settings of the suite's analyses and scenarios; torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.measures._config import AnalysisConfig, ScenarioConfig


class ExpertsConfig(AnalysisConfig):
    """No settings."""


class ExpertAgreementConfig(AnalysisConfig):
    """No settings."""


class CostConfig(AnalysisConfig):
    """How times are taken.

    Attributes:
        repeats: Passes over the timed steps or batches; figures are medians.
        warmup: Steps and batches before the first timed one.
        max_steps: Steps of an epoch, and batches of a pass, that are timed; times of longer ones
            are the median of one times their number.
        batch_size: Samples of a forward pass; None takes that of training.
        budget: Seconds after which no further pass is begun, for training and inference each.
    """

    repeats: int = Field(default=5, ge=1)
    warmup: int = Field(default=3, ge=0)
    max_steps: int = Field(default=30, ge=1)
    batch_size: int | None = Field(default=None, ge=1)
    budget: float = Field(default=300.0, gt=0)


class ParametersConfig(AnalysisConfig):
    """No settings."""


class DropConfig(ScenarioConfig):
    """Which modalities are taken away.

    Attributes:
        drop: Their names.
    """

    drop: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def label(self) -> str:
        """``drop:`` and the names."""
        return f"drop:{'+'.join(self.drop)}"

    def modalities(self) -> tuple[str, ...]:
        """Return what is dropped."""
        return self.drop
