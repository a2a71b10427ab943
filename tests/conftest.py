"""Fixtures every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Folders inside the test's own temporary folder."""
    return Paths(cache=tmp_path / "cache")
