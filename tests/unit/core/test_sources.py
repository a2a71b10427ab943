"""Hashes of the code behind a result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.core import sources
from benchmark.core.sources import source_hash


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small package that stands for the suite."""
    folder = tmp_path / "toysuite"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "layer.py").write_text("def double(x):\n    return 2 * x\n")
    (folder / "model.py").write_text("import os\nfrom toysuite.layer import double\n")
    (folder / "other.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sources, "_ROOT", "toysuite")
    yield folder
    for cached in (sources.source_hash, sources._imports, sources._code, sources._path):
        cached.cache_clear()
    sys.modules.pop("toysuite", None)


def fresh(module: str) -> str:
    for cached in (sources.source_hash, sources._imports, sources._code, sources._path):
        cached.cache_clear()
    return source_hash(module)


def test_code_counts_texts_do_not(package: Path) -> None:
    before = fresh("toysuite.layer")
    (package / "layer.py").write_text(
        '"""Doc."""\n\ndef double(x):\n    """Twice x."""\n    # why\n    return 2*x\n'
    )
    assert fresh("toysuite.layer") == before
    (package / "layer.py").write_text("def double(x):\n    return 3 * x\n")
    assert fresh("toysuite.layer") != before


def test_what_is_imported_counts_what_is_not_does_not(package: Path) -> None:
    before = fresh("toysuite.model")
    (package / "other.py").write_text("x = 2\n")
    assert fresh("toysuite.model") == before
    (package / "layer.py").write_text("def double(x):\n    return 3 * x\n")
    assert fresh("toysuite.model") != before


def test_a_module_without_source_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no source of module 'benchmark\.no_such'"):
        source_hash("benchmark.no_such")
