"""The supervisor itself is interrupted, killed or not alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import psutil
import pytest

from benchmark.core import leases
from benchmark.core.paths import Paths
from benchmark.execution.killing import MARK
from benchmark.execution.observer import Observer
from benchmark.execution.supervisor import SuperviseOptions, run_all
from benchmark.manifest.plan import PlannedRun
from benchmark.store.runs import RunStore
from benchmark.store.verify import verify

MakeRun = Callable[..., PlannedRun]
Supervise = Callable[..., subprocess.Popen[str]]
Executions = Callable[[], list[str]]


def metrics(store: RunStore, runs: Sequence[PlannedRun]) -> dict[str, object]:
    results = {run.label: store.read(run.spec.fingerprint) for run in runs}
    return {label: result.rows for label, result in results.items() if result}


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def kill_tree(process: subprocess.Popen[str]) -> None:
    """Kill the supervisor and its workers in one go, as a power cut would."""
    tree = [psutil.Process(process.pid), *workers_of(process)]
    for one in tree:
        one.suspend()
    for one in tree:
        one.kill()
    process.wait()


def kill_loop(runs: list[PlannedRun], supervise: Supervise, paths: Paths, kills: int) -> None:
    store = RunStore(paths.cache)
    dice = random.Random(0)
    for _ in range(kills):
        process = supervise(runs)
        done = len(store.fingerprints())
        wait_for(lambda p=process, n=done: len(store.fingerprints()) > n or p.poll() is not None)
        time.sleep(dice.uniform(0, 0.15))
        if process.poll() is None:
            kill_tree(process)
        stored = metrics(store, runs)
        assert len(stored) >= done, "a stored run was lost"
    last = supervise(runs)
    output, errors = last.communicate(timeout=60)
    assert last.returncode == 0, errors
    assert json.loads(output)["counts"] == {"ok": len(runs)}

    undisturbed = SuperviseOptions(
        paths=Paths(cache=paths.cache.parent / "other" / "cache"), executor="toys:execute"
    )
    undisturbed.paths.cache.mkdir(parents=True)
    run_all(runs, undisturbed)
    assert metrics(store, runs) == metrics(RunStore(undisturbed.paths.cache), runs)
    report = verify(store)
    assert report.sound
    assert report.quarantined == ()


def test_killed_again_and_again(make_run: MakeRun, supervise: Supervise, paths: Paths) -> None:
    runs = [make_run("sleep", seed=seed, seconds=0.03) for seed in range(24)]
    kill_loop(runs, supervise, paths, kills=3)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_many_times(make_run: MakeRun, supervise: Supervise, paths: Paths) -> None:
    runs = [make_run("sleep", seed=s, seconds=0.05, predictions=True) for s in range(300)]
    kill_loop(runs, supervise, paths, kills=30)


def test_supervisor_killed_leaves_no_process(
    make_run: MakeRun,
    supervise: Supervise,
    paths: Paths,
    left_alive: Callable[[], list[int]],
) -> None:
    process = supervise([make_run("leave_and_hang"), make_run("hang")])
    pids = paths.cache.parent / "pids"
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 3)
    workers = [worker.pid for worker in workers_of(process)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    with pids.open("a") as trace:
        trace.writelines(f"{pid}\n" for pid in workers)
    assert left_alive() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_once(
    make_run: MakeRun, supervise: Supervise, paths: Paths, number: signal.Signals
) -> None:
    runs = [make_run(seed=0), make_run("once"), make_run("hang", seed=1)]
    store = RunStore(paths.cache)
    process = supervise(runs)
    checkpoint = store.checkpoint_path(runs[1].spec.fingerprint)
    wait_for(checkpoint.exists)
    wait_for(lambda: store.head(runs[0].spec.fingerprint))
    workers = workers_of(process)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(output) == {"counts": {"ok": 1}, "interrupted": True}
    assert not any(worker.is_running() for worker in workers)
    assert checkpoint.exists(), "the epoch checkpoint is what the next start resumes from"
    assert list((paths.cache / "leases").iterdir()) == []

    again = supervise(runs[:2])
    output, errors = again.communicate(timeout=60)
    assert json.loads(output) == {"counts": {"ok": 2}, "interrupted": False}, errors
    assert not checkpoint.exists()


def test_second_signal_kills_at_once(
    make_run: MakeRun, supervise: Supervise, executions: Executions
) -> None:
    process = supervise([make_run("ignore_sigterm")], jobs=1, grace=600.0)
    wait_for(executions)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None, "one signal leaves the worker its grace"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert json.loads(output)["interrupted"]


def test_handlers_come_back(make_run: MakeRun, options: SuperviseOptions) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run_all([make_run()], options)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_worker_killed_from_outside(
    make_run: MakeRun, supervise: Supervise, paths: Paths, executions: Executions
) -> None:
    runs = [make_run("once"), make_run(seed=1)]
    process = supervise(runs, jobs=1)
    wait_for(executions)
    [worker] = [one for one in workers_of(process) if MARK in one.environ()]
    worker.kill()
    output, errors = process.communicate(timeout=60)
    assert json.loads(output)["counts"] == {"killed": 1, "ok": 1}, errors


def test_two_at_once_on_one_cache(
    make_run: MakeRun, supervise: Supervise, paths: Paths, executions: Executions
) -> None:
    runs = [make_run("sleep", seed=seed, seconds=0.05) for seed in range(20)]
    both = [supervise(runs), supervise(list(reversed(runs)))]
    for process in both:
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert json.loads(output)["counts"] == {"ok": 20}
    assert sorted(executions()) == sorted(run.spec.fingerprint for run in runs)
    assert len(metrics(RunStore(paths.cache), runs)) == 20


def test_waiting_for_another_process_is_said(
    make_run: MakeRun, options: SuperviseOptions, paths: Paths
) -> None:
    run = make_run()
    lease = leases.acquire(paths.cache / "leases", run.spec.fingerprint)
    assert lease is not None
    notes: list[str] = []

    class Notes(Observer):
        def note(self, text: str) -> None:
            notes.append(text)
            lease.release()

    assert run_all([run], options, Notes()).counts == {"ok": 1}
    assert notes == ["runs left: 1, which another process works on; waiting for it"]


def test_order_and_number_of_workers_change_nothing(make_run: MakeRun, paths: Paths) -> None:
    runs = [make_run(seed=seed) for seed in range(8)]
    found = []
    for jobs, order in ((1, runs), (4, runs[::-1])):
        cache = paths.cache.parent / str(jobs) / "cache"
        cache.mkdir(parents=True)
        options = SuperviseOptions(paths=Paths(cache=cache), executor="toys:execute", jobs=jobs)
        run_all(order, options)
        found.append(metrics(RunStore(cache), runs))
    assert found[0] == found[1]
    assert len(found[0]) == 8


def test_own_children_are_spared(make_run: MakeRun, options: SuperviseOptions) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        run_all([make_run("kill_self")], options)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_run_without_its_parent(
    make_run: MakeRun, options: SuperviseOptions, executions: Executions
) -> None:
    parent, bad = make_run(seed=1), make_run("fail")
    child = make_run(seed=2, parents=(parent.spec.fingerprint,))
    orphan = make_run(seed=3, parents=(bad.spec.fingerprint,))
    summary = run_all([child, orphan, bad, parent], options)
    assert summary.counts == {"ok": 2, "error": 2}
    failures = {failure.label: failure.message for failure in summary.failures}
    assert failures["fine 3"] == f"parent run {bad.spec.fingerprint} ended with error"
    order = executions()
    assert order.index(parent.spec.fingerprint) < order.index(child.spec.fingerprint)
    assert orphan.spec.fingerprint not in order


def test_fail_fast(make_run: MakeRun, options: SuperviseOptions, executions: Executions) -> None:
    runs = [make_run("fail"), *(make_run("sleep", seed=s, seconds=0.3) for s in range(5))]
    summary = run_all(runs, replace(options, fail_fast=True))
    assert summary.counts["error"] == 1
    assert summary.missing >= 4
    assert not summary.interrupted
    assert os.environ.get(MARK) is None
