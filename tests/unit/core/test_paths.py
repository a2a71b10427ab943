"""Flag > specific variable > MMBENCH_HOME > checkout > platform folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core import paths as module
from benchmark.core.paths import find_paths, shipped


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CACHE", "DATA", "WEIGHTS", "HOME"):
        monkeypatch.delenv(f"MMBENCH_{name}", raising=False)


def test_order_of_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = module.checkout()
    assert checkout is not None
    assert find_paths().cache == checkout / "cache"
    monkeypatch.setattr(module, "checkout", lambda: None)
    assert find_paths().cache.name == "mmbench"
    monkeypatch.setenv("MMBENCH_HOME", str(tmp_path / "home"))
    assert find_paths().cache == tmp_path / "home" / "cache"
    monkeypatch.setenv("MMBENCH_CACHE", str(tmp_path / "c"))
    assert find_paths().cache == tmp_path / "c"
    assert find_paths(cache=tmp_path / "flag").cache == tmp_path / "flag"


def test_data_and_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_paths().data is None
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("MMBENCH_HOME", str(tmp_path))
    assert find_paths().data == tmp_path / "data"
    assert find_paths().weights is None
    monkeypatch.setenv("MMBENCH_WEIGHTS", str(tmp_path / "w"))
    assert find_paths().weights == tmp_path / "w"


def test_relative_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_paths(cache=Path("c"), releases={"embed": Path("d")})
    assert found.cache == tmp_path / "c"
    assert found.releases == {"embed": tmp_path / "d"}


def test_shipped_folders_follow_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (shipped("manifests") / "suite").is_dir()
    monkeypatch.setattr(module, "checkout", lambda: None)
    assert shipped("tables") == module.PACKAGE / "_shipped" / "tables"
