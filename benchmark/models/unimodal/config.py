"""Settings of the unimodal model; torch-free."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.models._config import ModelConfig


class UnimodalConfig(ModelConfig):
    """Settings of the unimodal model.

    Attributes:
        modality: The modality used; one of the run's.
    """

    modality: str

    def encoded(self, modalities: Sequence[str]) -> tuple[str, ...]:
        """Return the modality used, alone."""
        return tuple(name for name in modalities if name == self.modality)
