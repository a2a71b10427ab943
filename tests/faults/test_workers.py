"""Runs that take their worker with them, hang, flood or leave processes behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmark.core.errors import MMBenchError, UsageError
from benchmark.core.paths import Paths
from benchmark.execution.capture import LOG_LIMIT
from benchmark.execution.supervisor import SuperviseOptions, run_all
from benchmark.manifest.plan import PlannedRun
from benchmark.store.runs import RunStore

MakeRun = Callable[..., PlannedRun]
Executions = Callable[[], list[str]]


@pytest.mark.parametrize(
    ("act", "status", "words"),
    [
        ("kill_self", "killed", "its worker was ended by SIGKILL"),
        ("hard_exit", "error", "its worker exited with code 0 in the middle of the run"),
        ("sys_exit", "error", r"the run called sys.exit\(3\)"),
        ("fail", "error", "toy failure"),
        ("diverge", "diverged", "loss is nan"),
        ("exhaust", "oom", "toy asked for too much"),
    ],
)
def test_a_bad_run_costs_itself_only(
    make_run: MakeRun,
    options: SuperviseOptions,
    executions: Executions,
    store: RunStore,
    act: str,
    status: str,
    words: str,
) -> None:
    runs = [make_run(seed=0), make_run(act), make_run(seed=1), make_run(seed=2)]
    summary = run_all(runs, options)
    assert summary.counts == {"ok": 3, status: 1}
    [failure] = summary.failures
    assert (failure.label, failure.status) == (f"{act} 0", status)
    assert re.search(words, failure.message)
    assert (store.cache / failure.log).is_file()
    assert sorted(executions()) == sorted(run.spec.fingerprint for run in runs)
    assert list((store.cache / "leases").iterdir()) == []


@pytest.mark.parametrize("act", ["hang", "ignore_sigterm", "hold_interpreter"])
def test_time_out(make_run: MakeRun, options: SuperviseOptions, store: RunStore, act: str) -> None:
    bad = make_run(act, timeout=0.5)
    summary = run_all([bad, make_run(seed=1)], options)
    assert summary.counts == {"ok": 1, "timeout": 1}
    assert summary.failures[0].message == "stopped after its time-out of 0.5 s"
    result = store.read(bad.spec.fingerprint)
    assert result is not None
    assert result.limits["timeout"] == 0.5
    if act == "hang":
        assert result.failure is not None
        assert "about to hang" in result.failure.traceback


def test_time_out_is_tried_again_when_asked_or_longer(
    make_run: MakeRun, options: SuperviseOptions, executions: Executions
) -> None:
    quick = replace(options, grace=0.2)
    run_all([make_run("hang", timeout=0.3)], quick)
    run_all([make_run("hang", timeout=0.3)], quick)
    assert len(executions()) == 1
    run_all([make_run("hang", timeout=0.3)], replace(quick, retry=frozenset({"timeout"})))
    assert len(executions()) == 2
    run_all([make_run("hang", timeout=0.4)], quick)
    assert len(executions()) == 3


def test_killed_run_is_tried_once_per_command(
    make_run: MakeRun, options: SuperviseOptions, executions: Executions
) -> None:
    runs = [make_run("kill_self"), make_run(seed=1)]
    for times in (1, 2):
        summary = run_all(runs, replace(options, jobs=2))
        assert summary.counts == {"killed": 1, "ok": 1}
        assert executions().count(runs[0].spec.fingerprint) == times


def test_flood_on_stdout_blocks_nothing_and_is_cut(
    make_run: MakeRun, options: SuperviseOptions, paths: Paths
) -> None:
    run = make_run("flood", timeout=60)
    assert run_all([run], options).counts == {"ok": 1}
    log = paths.cache / "logs" / f"{run.spec.fingerprint}.log"
    assert log.stat().st_size <= LOG_LIMIT
    assert log.read_bytes().endswith(b"flood is over\n")
    assert b"bytes of log cut" in log.read_bytes()


@pytest.mark.parametrize(
    ("act", "status"),
    [
        ("leave_children", "ok"),
        ("leave_daemon", "ok"),
        ("leave_and_hang", "timeout"),
        ("leave_and_die", "killed"),
    ],
)
def test_no_process_outlives_its_worker(
    make_run: MakeRun,
    options: SuperviseOptions,
    left_alive: Callable[[], list[int]],
    act: str,
    status: str,
) -> None:
    summary = run_all([make_run(act, timeout=2.5)], options)
    assert summary.counts == {status: 1}
    assert left_alive() == []


def test_hanging_start_is_noticed(make_run: MakeRun, options: SuperviseOptions) -> None:
    hanging = replace(options, executor="hanging_import:execute", silence=0.5, grace=0.2)
    with pytest.raises(MMBenchError, match="workers hang before they begin a run"):
        run_all([make_run()], hanging)


def test_missing_executor_is_named(make_run: MakeRun, options: SuperviseOptions) -> None:
    with pytest.raises(UsageError, match="no executor 'nowhere:execute'"):
        run_all([make_run()], replace(options, executor="nowhere:execute"))
