"""Hashes of the code behind a result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.core import sources
from benchmark.core.sources import file_hash, source_hash


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
    yield folder
    forget()
    sys.modules.pop("toysuite", None)


def forget() -> None:
    for cached in (sources.source_hash, sources._text, sources._path):
        cached.cache_clear()


def fresh(module: str) -> str:
    forget()
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


def test_relative_imports_count(package: Path) -> None:
    (package / "model.py").write_text("from .layer import double\nfrom . import other\n")
    before = fresh("toysuite.model")
    (package / "layer.py").write_text("def double(x):\n    return 3 * x\n")
    middle = fresh("toysuite.model")
    (package / "other.py").write_text("x = 2\n")
    assert len({before, middle, fresh("toysuite.model")}) == 3


def test_a_file_and_its_neighbours_count(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("import json\nimport helpers.deep\nfrom net import Net\n")
    (tmp_path / "net.py").write_text("class Net: ...\n")
    (tmp_path / "unused.py").write_text("x = 1\n")
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "deep.py").write_text("y = 1\n")
    before = file_hash(plugin)
    (tmp_path / "unused.py").write_text("x = 2\n")
    (tmp_path / "net.py").write_text("# a remark\nclass Net: ...\n")
    assert file_hash(plugin) == before
    assert file_hash(plugin.rename(tmp_path / "renamed.py")) == before
    (tmp_path / "helpers" / "deep.py").write_text("y = 2\n")
    after = file_hash(tmp_path / "renamed.py")
    (tmp_path / "net.py").write_text("class Net:\n    x = 1\n")
    assert len({before, after, file_hash(tmp_path / "renamed.py")}) == 3


def test_a_plugin_beside_the_suite_does_not_hash_the_suite(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("from benchmark.core import batch\n")
    before = file_hash(plugin)
    (tmp_path / "benchmark" / "core").mkdir(parents=True)
    (tmp_path / "benchmark" / "core" / "batch.py").write_text("x = 1\n")
    assert file_hash(plugin) == before


def test_a_file_that_is_not_python_is_an_error(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("def (:\n")
    with pytest.raises(SyntaxError):
        file_hash(plugin)
