"""Fixtures every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from benchmark.core.paths import Paths

# The same examples in every run, no time limit per example (machines are shared), no files left.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.load_profile("suite")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Folders inside the test's own temporary folder."""
    return Paths(cache=tmp_path / "cache")
