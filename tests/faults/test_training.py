"""Real training through the command line: killed, resumed, reordered, with more workers.

Whatever happens, the numbers and the predictions end up bit-identical to those of the same specs
computed one after another in this process.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pandas import DataFrame
from pandas.testing import assert_frame_equal

from benchmark.core.paths import Paths
from benchmark.core.result import MetricRow
from benchmark.datasets._base import DataContext
from benchmark.execution.supervisor import SuperviseOptions, run_all
from benchmark.manifest.expand import expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.plan import PlannedRun
from benchmark.manifest.selection import Request
from benchmark.store.runs import RunStore
from benchmark.training.execute import ExecutionContext, execute

MANIFEST = """\
schema_version: 1
id: suite/small
title: Quick to train
datasets:
  planted: {options: {n: 150, missing: {a: 0.2}}}
columns:
  - {dataset: planted, task: label, metrics: [acc, auroc_binary]}
settings:
  encoders: {"*": {name: mlp, width: 8, hidden: [8], dropout: 0.2}}
  training: {epochs: 12, batch_size: 16, selection: {metric: auroc_binary}}
  split: {folds: 2, stratify: label}
rows:
  - {key: trees, label: Trees, model: boosting}
  - {key: early, label: Early fusion, model: early_fusion}
  - key: joint
    label: Joint transformer
    model: joint_transformer
    settings:
      config: {layers: 1, heads: 2, dropout: 0.2}
      encoders: {"*": {name: patch, width: 8, patches: 2}}
sources: {settings: "ours: a test", datasets: "ours: a test", rows.joint.settings: "ours: a test"}
"""

Numbers = dict[str, tuple[tuple[MetricRow, ...], DataFrame]]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("manifest") / "small.yaml"
    path.write_text(MANIFEST)
    return path


@pytest.fixture(scope="module")
def runs(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Sequence[PlannedRun]:
    context = DataContext(Paths(cache=tmp_path_factory.mktemp("unused")))
    return expand(load_manifest(manifest), Request(context)).runs


@pytest.fixture(scope="module")
def expected(runs: Sequence[PlannedRun], tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    """Numbers of an undisturbed computation."""
    paths = Paths(cache=tmp_path_factory.mktemp("direct"))
    context = ExecutionContext(paths, "auto", "cpu", None, lambda *_: None)
    outcomes = {run.spec.fingerprint: execute(run.spec, context) for run in runs}
    return {name: (one.rows, one.predictions) for name, one in outcomes.items()}


def assert_same(cache: Path, expected: Numbers) -> None:
    store = RunStore(cache)
    for name, (rows, predictions) in expected.items():
        result = store.read(name)
        assert result is not None
        assert (result.status, result.rows) == ("ok", rows)
        stored = store.read_predictions(name)
        assert stored is not None
        assert_frame_equal(stored, predictions, check_exact=True)


def command(manifest: Path, cache: Path) -> list[str]:
    entry = "from benchmark.cli.app import main; main()"
    words = ["run", str(manifest), "--cache", str(cache), "--device", "cpu", "-j", "2"]
    return [sys.executable, "-c", entry, *words]


def kill_and_resume(manifest: Path, cache: Path, kills: int) -> None:
    """Kill the whole tree ``kills`` times at random moments, then let it end."""
    moments = random.Random(0)
    for _ in range(kills):
        process = subprocess.Popen(
            command(manifest, cache),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(timeout=moments.uniform(2.0, 9.0))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    done = subprocess.run(
        command(manifest, cache), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Joint transformer" in done.stdout


def test_killed_and_resumed(manifest: Path, expected: Numbers, paths: Paths) -> None:
    kill_and_resume(manifest, paths.cache, kills=1)
    assert_same(paths.cache, expected)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_many_times(manifest: Path, expected: Numbers, paths: Paths) -> None:
    kill_and_resume(manifest, paths.cache, kills=6)
    assert_same(paths.cache, expected)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 4])
def test_order_and_workers_change_nothing(
    runs: Sequence[PlannedRun], expected: Numbers, paths: Paths, jobs: int
) -> None:
    order = list(runs) if jobs == 1 else list(reversed(runs))
    summary = run_all(order, SuperviseOptions(paths=paths, jobs=jobs))
    assert summary.counts == {"ok": len(runs)}
    assert_same(paths.cache, expected)
