"""Generated releases that several tests read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.core.paths import Paths
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext, Dataset

Load = Callable[..., Any]


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Return ``load(name, **options)``, which reads a generated release; each is made once."""
    cache = tmp_path_factory.mktemp("generated")

    def load(name: str, **options: Any) -> Dataset:
        config = DATASETS.config(name).parse(options)
        dataset: Dataset = DATASETS.load(name)(config, DataContext(Paths(cache=cache)))
        return dataset

    return load


@pytest.fixture
def given() -> Load:
    """Return ``load(name, folder, **options)``, which reads a release from a folder."""

    def load(name: str, folder: Path, **options: Any) -> Dataset:
        config = DATASETS.config(name).parse(options)
        paths = Paths(cache=folder.with_name(f"{folder.name}-cache"), releases={name: folder})
        dataset: Dataset = DATASETS.load(name)(config, DataContext(paths))
        return dataset

    return load
