"""Settings of late fusion; torch-free."""

from __future__ import annotations

from benchmark.models._config import ModelConfig


class LateFusionConfig(ModelConfig):
    """Late fusion has no settings of its own."""
