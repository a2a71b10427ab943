"""An executor that misbehaves as the run's model configuration says. No torch, no data."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import DivergedError
from benchmark.core.result import MetricRow, Release
from benchmark.core.seeding import derive_seed
from benchmark.core.spec import RunSpec
from benchmark.execution.executor import Job, Outcome

if TYPE_CHECKING:
    from pandas import DataFrame

SLEEPER = "import time; time.sleep(600)"


def execute(spec: RunSpec, job: Job) -> Outcome:
    """Do ``model.config["act"]``, then return numbers that depend on the spec alone."""
    act = spec.model.config.get("act", "fine")
    _count(spec, job)
    job.progress("epoch", {"epoch": 1})
    ACTS[act](spec, job)
    value = math.nan if act == "not_json" else derive_seed(spec.seed, spec.fingerprint) / 2**64
    row = MetricRow(part="test", dataset="toy", task="y", metric="acc", value=value, n=10)
    release = Release(id="Toy", version="1", source="synthetic", fingerprint="toy")
    return Outcome(rows=(row,), releases={"toy": release}, predictions=_predictions(spec, value))


def _predictions(spec: RunSpec, value: float) -> DataFrame | None:
    """Give predictions if asked for; importing pandas takes longer than all else here."""
    if not spec.model.config.get("predictions"):
        return None
    import pandas as pd

    return pd.DataFrame({"sample_id": ["a"], "score": [value]})


def _count(spec: RunSpec, job: Job) -> None:
    """Leave a trace of every execution outside of the cache."""
    with (job.paths.cache.parent / "executions").open("a") as trace:
        trace.write(f"{spec.fingerprint}\n")


def _sleep(spec: RunSpec, job: Job) -> None:
    time.sleep(spec.model.config["seconds"])


def _hang(spec: RunSpec, job: Job) -> None:
    sys.stdout.write("about to hang\n")
    time.sleep(600)


def _ignore_sigterm(spec: RunSpec, job: Job) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def _hold_interpreter(spec: RunSpec, job: Job) -> None:
    # A call through PyDLL keeps the interpreter lock: no Python thread or handler can run.
    ctypes.PyDLL(None).sleep(600)


def _kill_self(spec: RunSpec, job: Job) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _hard_exit(spec: RunSpec, job: Job) -> None:
    os._exit(0)


def _sys_exit(spec: RunSpec, job: Job) -> None:
    sys.exit(3)


def _fail(spec: RunSpec, job: Job) -> None:
    raise RuntimeError("toy failure")


def _diverge(spec: RunSpec, job: Job) -> None:
    raise DivergedError("loss is nan")


def _exhaust(spec: RunSpec, job: Job) -> None:
    raise MemoryError("toy asked for too much")


def _flood(spec: RunSpec, job: Job) -> None:
    line = b"x" * 99 + b"\n"
    for _ in range(100):
        os.write(1, line * 10_000)
    sys.stdout.write("flood is over\n")


def _leave_children(spec: RunSpec, job: Job) -> None:
    for own_session in (False, True):
        child = subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=own_session)
        _write_pid(job, child.pid)


def _leave_daemon(spec: RunSpec, job: Job) -> None:
    """Fork twice into a new session: the textbook way to get out of sight."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            _write_pid(job, os.getpid())
            time.sleep(600)
        os._exit(0)
    time.sleep(0.3)


def _leave_and_hang(spec: RunSpec, job: Job) -> None:
    _leave_children(spec, job)
    _leave_daemon(spec, job)
    time.sleep(600)


def _leave_and_die(spec: RunSpec, job: Job) -> None:
    _leave_children(spec, job)
    _leave_daemon(spec, job)
    os.kill(os.getpid(), signal.SIGKILL)


def _write_pid(job: Job, pid: int) -> None:
    with (job.paths.cache.parent / "pids").open("a") as trace:
        trace.write(f"{pid}\n")


def _once(spec: RunSpec, job: Job) -> None:
    """Hang at the first execution only; afterwards use the checkpoint left then."""
    if job.checkpoint.exists():
        return
    job.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    job.checkpoint.write_text("epoch 1")
    time.sleep(600)


def _fill_disk(spec: RunSpec, job: Job) -> None:
    """Take all space that is left where the results go."""
    path = Path(job.paths.cache) / "ballast"
    with path.open("ab", buffering=0) as ballast:
        for size in (65536, 1024, 1):
            while True:
                try:
                    ballast.write(b"x" * size)
                except OSError:
                    break


ACTS = {
    "fine": lambda spec, job: None,
    "sleep": _sleep,
    "hang": _hang,
    "ignore_sigterm": _ignore_sigterm,
    "hold_interpreter": _hold_interpreter,
    "kill_self": _kill_self,
    "hard_exit": _hard_exit,
    "sys_exit": _sys_exit,
    "fail": _fail,
    "diverge": _diverge,
    "exhaust": _exhaust,
    "flood": _flood,
    "leave_children": _leave_children,
    "leave_daemon": _leave_daemon,
    "leave_and_hang": _leave_and_hang,
    "leave_and_die": _leave_and_die,
    "once": _once,
    "fill_disk": _fill_disk,
    "not_json": lambda spec, job: None,
}
