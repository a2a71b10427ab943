"""Tables of MIMIC-IV written by hand."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.mimic.tables import TABLES

Write = Callable[..., Path]


@pytest.fixture
def write() -> Write:
    """Return ``write(root, table, *rows, columns="")``; the columns are those that are read."""

    def make(root: Path, name: str, *rows: str, columns: str = "") -> Path:
        header = columns or ",".join(TABLES[name].columns)
        path = root / TABLES[name].folder / f"{name}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(("\n".join([header, *rows]) + "\n").encode()))
        return path

    return make
