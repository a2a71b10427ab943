"""Why a worker died, as the result of the run it was at."""

from __future__ import annotations

import signal
import time

from benchmark.core.result import Failure, RunResult, Status
from benchmark.execution.attempt import failed, log_name
from benchmark.execution.bundle import Bundle
from benchmark.execution.capture import last_lines
from benchmark.execution.process import WorkerProcess
from benchmark.manifest.plan import PlannedRun


def obituary(worker: WorkerProcess, run: PlannedRun, bundle: Bundle) -> RunResult:
    """Return the result of a run whose worker has ended; its last log lines are the traceback."""
    status, kind, message = _cause(worker, run)
    log = last_lines(bundle.paths().cache / log_name(run.spec.fingerprint))
    failure = Failure(type=kind, message=message, traceback=log)
    result = failed(run, bundle, status, failure)
    if worker.run is None:
        return result
    seconds = {"total": round(time.monotonic() - worker.run.clock, 3)}
    return result.model_copy(update={"started": worker.run.started, "seconds": seconds})


def _cause(worker: WorkerProcess, run: PlannedRun) -> tuple[Status, str, str]:
    code = worker.exit_code() or 0
    if worker.reason == "timeout":
        return "timeout", "Timeout", f"stopped after its time-out of {run.timeout:g} s"
    if worker.was_out_of_memory():
        return "oom", "OutOfMemory", "killed by the kernel for want of memory"
    if code < 0:
        return "killed", "Killed", f"its worker was ended by {_name(-code)}"
    return "error", "WorkerExited", f"its worker exited with code {code} in the middle of the run"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
