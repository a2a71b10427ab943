"""Fixtures every test may use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from benchmark.core.paths import Paths
from benchmark.datasets import DATASETS
from benchmark.losses import LOSSES
from benchmark.metrics import METRICS
from benchmark.models import MODELS
from benchmark.models.encoders import ENCODERS

# The same examples in every run, no time limit per example (machines are shared), no files left.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.load_profile("suite")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Folders inside the test's own temporary folder."""
    return Paths(cache=tmp_path / "cache")


@pytest.fixture
def own_registries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a test load plug-ins: names, search path and environment are as before afterwards."""
    for registry in (MODELS, DATASETS, METRICS, ENCODERS, LOSSES):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("MMBENCH_PLUGINS", raising=False)
    before = set(sys.modules)
    yield
    for name in [name for name in sys.modules if name.startswith("mmbench_plugin_")]:
        if name not in before:
            del sys.modules[name]


@pytest.fixture(scope="session")
def tcga_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with made-up cohorts in the layout of the open TCGA tables."""
    from benchmark.datasets.synthetic.tcga import Cohort, write_cohort

    data = tmp_path_factory.mktemp("data")
    for cohort in (
        Cohort("blca", 60, 75, (1554, 256, 371, 0)),
        Cohort("luad", 80, 90, (30, 12, 9, 20)),
        Cohort("gbmlgg", 72, 90, (20, 8, 5, 0)),
        Cohort("ucec", 50, 60, (0, 5, 14, 0), dead=0.3),
    ):
        write_cohort(data / "tcga" / cohort.table, cohort)
    return data
