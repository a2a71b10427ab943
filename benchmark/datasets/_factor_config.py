"""Options of loaders whose generated releases have planted unique, shared and synergistic factors.

``benchmark.datasets.synthetic._factors`` says what the mechanisms are.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from benchmark.datasets._release import ReleaseConfig


class FactorConfig(ReleaseConfig):
    """Options that a generated release's mechanisms are told by.

    Attributes:
        synthetic_mechanisms: Weight by mechanism of a generated release: ``unique:<modality>``,
            ``shared``, ``synergy``; empty takes the generator's own.
    """

    MODALITIES: ClassVar[tuple[str, ...]] = ()

    synthetic_mechanisms: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_mechanisms(self) -> Self:
        known = {"shared", "synergy", *(f"unique:{name}" for name in self.MODALITIES)}
        if unknown := sorted(set(self.synthetic_mechanisms) - known):
            raise ValueError(f"unknown mechanism {unknown[0]!r}; known: {', '.join(sorted(known))}")
        weights = list(self.synthetic_mechanisms.values())
        if weights and (min(weights) < 0 or abs(sum(weights) - 1) > 1e-9):
            raise ValueError("weights of synthetic_mechanisms must be 0 or more and sum to 1")
        return self

    def generator_options(self) -> dict[str, Any]:
        """Return the mechanisms, where they are not the generator's own."""
        return {"mechanisms": self.synthetic_mechanisms} if self.synthetic_mechanisms else {}
