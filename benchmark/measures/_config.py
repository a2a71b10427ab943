"""Bases of the settings of analyses and scenarios; torch-free."""

from __future__ import annotations

from abc import abstractmethod

from benchmark.core.problem import Frozen


class AnalysisConfig(Frozen):
    """Settings of an analysis."""


class ScenarioConfig(Frozen):
    """Settings of a scenario."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What metric rows and pickers call it, e.g. ``drop:note``."""

    def modalities(self) -> tuple[str, ...]:
        """Return the modalities it names, which runs must have."""
        return ()
