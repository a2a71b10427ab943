"""Settings of the suite's analyses and scenarios; torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.measures._config import AnalysisConfig, ScenarioConfig


class ExpertsConfig(AnalysisConfig):
    """No settings."""


class ExpertAgreementConfig(AnalysisConfig):
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
