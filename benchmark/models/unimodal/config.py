"""Settings of the unimodal model; torch-free."""

from __future__ import annotations

from benchmark.models._config import ModelConfig


class UnimodalConfig(ModelConfig):
    """Settings of the unimodal model.

    Attributes:
        modality: The modality used; one of the run's.
    """

    modality: str
