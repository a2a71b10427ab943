"""Costs measured on a GPU are shown, and kept, on a machine without one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.cli._planned import runs_to_keep
from benchmark.cli._work import Asked, stored_expansions
from benchmark.core.result import RunResult
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.selection import Request
from benchmark.store.runs import RunStore

COST = """\
schema_version: 1
id: suite/elsewhere
title: What it costs
kind: cost
datasets:
  planted: {options: {n: 60}}
columns:
  - {dataset: planted, metrics: [train_seconds_batch]}
settings:
  encoders: {"*": {name: mlp}}
rows:
  - {key: early, label: Early, kind: measure, model: early_fusion}
sources:
  settings: "ours: a test"
  datasets: "ours: a test"
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Ask for the table on a machine that has no GPU."""
    path = tmp_path / "elsewhere.yaml"
    path.write_text(COST)
    monkeypatch.setattr("benchmark.execution.devices._cuda_devices", lambda: ())
    return Asked(tables=[str(path)], cache=tmp_path / "cache")


def _store_measured(asked: Asked, store: RunStore, device: str) -> str:
    """Store a measurement of the table on a kind of device; return its name."""
    context = DataContext(asked.paths())
    expansion = expand(load_manifest(Path(asked.tables[0])), Request(context, device=device))
    (run,) = expansion.runs
    store.write(RunResult(spec=run.spec, status="ok"))
    return run.spec.fingerprint


def _devices(asked: Asked, store: RunStore) -> list[str]:
    return [run.spec.device for one in stored_expansions(asked, store) for run in one.runs]


def test_what_was_measured_on_another_device_is_shown(asked: Asked) -> None:
    store = RunStore(asked.paths().cache)
    assert _devices(asked, store) == ["cpu"]
    _store_measured(asked, store, "cuda")
    assert _devices(asked, store) == ["cuda"]
    _store_measured(asked, store, "cpu")
    assert _devices(asked, store) == ["cpu"], "this machine's own come first"


def test_a_device_that_is_asked_for_is_not_replaced(asked: Asked) -> None:
    store = RunStore(asked.paths().cache)
    _store_measured(asked, store, "cuda")
    chosen = replace(asked, device="cpu")
    assert _devices(chosen, store) == ["cpu"]


def test_measurements_on_other_devices_are_no_garbage(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.manifest.tables.all_tables", lambda: [])
    store = RunStore(asked.paths().cache)
    names = {_store_measured(asked, store, device) for device in ("cpu", "cuda", "mps")}
    assert len(names) == 3
    assert names <= runs_to_keep(store, asked.paths(), [Path(asked.tables[0])])
