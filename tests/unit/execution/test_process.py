from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.core.paths import Paths
from benchmark.execution.bundle import Bundle
from benchmark.execution.memory import oom_kills
from benchmark.execution.obituary import obituary
from benchmark.execution.process import InFlight, StopReason, WorkerProcess
from benchmark.execution.slots import Slot
from benchmark.manifest.plan import PlannedRun


@pytest.fixture
def worker(
    make_run: Callable[..., PlannedRun],
    make_bundle: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[WorkerProcess]:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = WorkerProcess(Slot(0, "cpu", "cpu"), make_bundle(make_run()), tmp_path / "log")
    yield process
    process.close()


def test_run_that_ended_its_worker_is_to_blame(worker: WorkerProcess) -> None:
    worker.run = InFlight("a", "", 0.0)
    assert worker.is_to_blame()


@pytest.mark.parametrize(
    ("reason", "blame"), [("timeout", True), ("end", False), ("silent", False)]
)
def test_run_in_flight_when_stopped(worker: WorkerProcess, reason: StopReason, blame: bool) -> None:
    worker.run = InFlight("a", "", 0.0)
    worker.stop(reason, grace=1)
    assert worker.is_to_blame() is blame


def test_run_that_began_after_the_signal_is_innocent(worker: WorkerProcess) -> None:
    worker.run = InFlight("late", "", 0.0)
    worker.stop("timeout", grace=1)
    worker.run = InFlight("next", "", 0.0)
    assert not worker.is_to_blame()


def test_kernel_out_of_memory_is_told_from_other_kills(
    worker: WorkerProcess,
    make_run: Callable[..., PlannedRun],
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = Bundle(cache=str(paths.cache), runs=())
    worker.run = InFlight("a", "", 0.0)
    worker.kill()
    worker._process.wait(5)
    assert obituary(worker, make_run(), bundle).status == "killed"
    before = oom_kills()
    monkeypatch.setattr("benchmark.execution.process.oom_kills", lambda: before + 1)
    result = obituary(worker, make_run(), bundle)
    assert result.status == "oom"
    assert result.failure is not None
    assert result.failure.message == "killed by the kernel for want of memory"


def test_close_ends_a_worker_at_any_moment(worker: WorkerProcess) -> None:
    assert worker.exit_code() is None
    worker.kill()
    worker.kill()
    assert worker._process.wait(5) == -signal.SIGKILL
