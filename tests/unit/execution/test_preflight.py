"""Room on the disk and in memory."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from benchmark.core.errors import StoreError
from benchmark.execution.preflight import preflight


def machine(monkeypatch: pytest.MonkeyPatch, disk: float, memory: float) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=int(disk)))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=int(memory)))


def test_enough_room_is_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, disk=50e9, memory=16e9)
    found = preflight(tmp_path / "not" / "yet", runs=100, workers=2)
    assert found.warnings == ()
    assert found.need_disk == 100 * 200_000 + 200_000_000


def test_a_full_disk_stops_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine(monkeypatch, disk=0.1e9, memory=16e9)
    with pytest.raises(StoreError, match=r"0\.1 GB free, 10 runs need about 0\.2 GB\nfree some"):
        preflight(tmp_path, runs=10, workers=2)
    assert preflight(tmp_path, runs=0, workers=2).warnings == ()


def test_scarce_memory_warns_with_a_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, disk=50e9, memory=2e9)
    (warning,) = preflight(tmp_path, runs=1, workers=8).warnings
    assert warning.endswith("2.0 GB is available: consider -j 2")
