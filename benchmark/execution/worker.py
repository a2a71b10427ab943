"""The process that computes runs; the only thing an execution engine calls.

Several workers share one bundle. Each goes through its runs, passes over what is settled, claims
the next by a lease, computes it and stores it, until nothing is left.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from benchmark.core import leases
from benchmark.core.atomic import replacing
from benchmark.core.errors import EXIT_OK, EXIT_RUNS_FAILED, MMBenchError, UsageError
from benchmark.core.result import FINAL, Failure, RunResult
from benchmark.execution.attempt import attempt, failed, log_name
from benchmark.execution.bundle import Bundle
from benchmark.execution.capture import captured
from benchmark.execution.decide import limits_of, needs_run, weights_gone
from benchmark.execution.events import Reporter
from benchmark.execution.executor import Executor, Job, Outcome, load_executor
from benchmark.execution.killing import adopt_orphans, end_with
from benchmark.manifest.plan import PlannedRun
from benchmark.plugins.loading import load_plugins
from benchmark.store.record import Head
from benchmark.store.runs import RunStore

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


def main(bundle_path: Path, events_fd: int | None = None, lifeline_fd: int | None = None) -> int:
    """Work through a bundle file.

    Args:
        bundle_path: The bundle.
        events_fd: Pipe to a supervisor, if there is one.
        lifeline_fd: Pipe whose end of file means that the supervisor is gone.

    Returns:
        0, or 3 if a run of this worker failed.

    Raises:
        StoreError: Results cannot be stored; runs stored before are safe.
        UsageError: The bundle or its executor cannot be read.
    """
    reporter = Reporter(events_fd)
    if lifeline_fd is not None:
        adopt_orphans()
        end_with(lifeline_fd)
    try:
        bundle = read_bundle(bundle_path)
        for remark in load_plugins(bundle.plugins):
            sys.stderr.write(f"{remark}\n")
        worker = Worker(bundle, load_executor(bundle.executor), reporter)
        reporter.send("ready")
        failures = worker.work()
    except MMBenchError as error:
        reporter.send("fatal", message=error.message, hint=error.hint, kind=type(error).__name__)
        raise
    reporter.send("done")
    return EXIT_RUNS_FAILED if failures else EXIT_OK


def read_bundle(path: Path) -> Bundle:
    """Read a bundle file; UsageError where it is missing or not a bundle."""
    try:
        return Bundle.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read bundle {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not a bundle: {error}", "let `mmbench run` make it") from error


class Worker:
    """Goes through the runs of one bundle.

    Args:
        bundle: Runs, shared with other workers.
        executor: What computes a run.
        reporter: Where news goes.
    """

    def __init__(self, bundle: Bundle, executor: Executor, reporter: Reporter) -> None:
        self.bundle = bundle
        self.executor = executor
        self.reporter = reporter
        self.paths = bundle.paths()
        self.store = RunStore(self.paths.cache)
        self.leases = self.paths.cache / "leases"
        self.planned = {run.spec.fingerprint: run for run in bundle.runs}
        self.failures = 0

    def work(self) -> int:
        """Return when every run is settled; the number of failures among this worker's."""
        pending = list(self.bundle.runs)
        pause = _SHORTEST_PAUSE
        while pending:
            left = [run for run in pending if not self._settle(run)]
            if len(left) == len(pending):
                # All are held by others or wait for parents: look again, ever more seldom.
                time.sleep(pause)
                if pause == _LONGEST_PAUSE:
                    self.reporter.send("waiting", runs=len(left))
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                pause = _SHORTEST_PAUSE
            pending = left
        return self.failures

    def _settle(self, run: PlannedRun) -> bool:
        """Bring a run to its end if that is possible now; False to come back to it later."""
        self.reporter.alive()
        fingerprint = run.spec.fingerprint
        if self._is_settled(run):
            return True
        failed_parent = self._failed_parent(run)
        if failed_parent is None and not self._parents_ready(run):
            return False
        if self._held_by_sibling(fingerprint):
            return False
        lease = leases.acquire(self.leases, fingerprint, owner=self.bundle.id)
        if lease is None:
            return False
        with lease:
            # Between the look and the lease another process may have finished it.
            if not self._is_settled(run):
                self._compute(run, failed_parent)
        return True

    def _is_settled(self, run: PlannedRun) -> bool:
        head = self.store.head(run.spec.fingerprint)
        if not self._settled(run, head):
            return False
        if head is not None:
            self.reporter.send("skip", fp=head.fingerprint, status=head.status)
        return True

    def _settled(self, run: PlannedRun, head: Head | None) -> bool:
        if head is None:
            return False
        if self.bundle.id and head.bundle == self.bundle.id:
            return True
        if weights_gone(run, head.status, self.store.has_weights(head.fingerprint)):
            return False
        return not needs_run(head.status, head.limits, self.bundle, limits_of(run.timeout))

    def _parents_ready(self, run: PlannedRun) -> bool:
        return all(self._parent_state(parent) == "ok" for parent in run.spec.parents)

    def _failed_parent(self, run: PlannedRun) -> str | None:
        for parent in run.spec.parents:
            state = self._parent_state(parent)
            if state not in {"ok", "waiting"}:
                return f"parent run {parent} ended with {state}"
        return None

    def _parent_state(self, parent: str) -> str:
        head = self.store.head(parent)
        planned = self.planned.get(parent)
        if planned is not None and not self._settled(planned, head):
            return "waiting"
        return head.status if head else "no result"

    def _held_by_sibling(self, fingerprint: str) -> bool:
        """A dead sibling's lease is the supervisor's to clear, after it has noted the death."""
        if not self.reporter.supervised:
            return False
        holder = leases.read_holder(self.leases / fingerprint)
        return holder is not None and holder.owner == self.bundle.id

    def _compute(self, run: PlannedRun, failed_parent: str | None) -> None:
        fingerprint = run.spec.fingerprint
        self.reporter.send("start", fp=fingerprint)
        if failed_parent:
            failure = Failure(type="ParentFailed", message=failed_parent)
            result, outcome = failed(run, self.bundle, "error", failure), Outcome()
        else:
            with captured(self.paths.cache / log_name(fingerprint), _title(run)):
                result, outcome = attempt(run, self.bundle, self.executor, self._job(run))
                _log(result.failure)
        result = self._store(run, result, outcome)
        self.failures += result.status != "ok"
        self.reporter.ended(
            fingerprint, result.status, result.failure.message if result.failure else ""
        )

    def _store(self, run: PlannedRun, result: RunResult, outcome: Outcome) -> RunResult:
        try:
            weights = self._save_weights(result.fingerprint, outcome) if run.keep_weights else None
            self.store.write(result, outcome.predictions, weights, outcome.samples)
        except (TypeError, ValueError) as error:
            message = f"the result cannot be stored: {error}"
            failure = Failure(type=type(error).__name__, message=message)
            result = failed(run, self.bundle, "error", failure)
            self.store.write(result)
        if result.status in FINAL:
            self.store.remove_checkpoint(result.fingerprint)
        return result

    def _save_weights(self, fingerprint: str, outcome: Outcome) -> Path | None:
        if outcome.weights is None:
            return None
        from safetensors.torch import save_file

        path = self.store.weights_path(fingerprint)
        with replacing(path) as temp:
            save_file({name: one.contiguous() for name, one in outcome.weights.items()}, temp)
        return path

    def _job(self, run: PlannedRun) -> Job:
        fingerprint = run.spec.fingerprint
        return Job(
            paths=self.paths,
            source=_source(run, self.bundle),
            device=self.bundle.device,
            checkpoint=self.store.checkpoint_path(fingerprint),
            progress=lambda phase, info: self.reporter.progress(
                fingerprint, {"phase": phase, **info}
            ),
        )


def _source(run: PlannedRun, bundle: Bundle) -> Literal["auto", "real", "partial", "synthetic"]:
    """Return the source that the run was planned for; ``auto`` could choose another here."""
    planned = set(run.sources.values())
    return planned.pop() if len(planned) == 1 else bundle.source


def _log(failure: Failure | None) -> None:
    """Put the traceback where a user looks for it; a full disk is told when storing fails."""
    if failure:
        with suppress(OSError):
            os.write(2, f"{failure.traceback or failure.message}\n".encode())


def _title(run: PlannedRun) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"{stamp} {run.label} ({run.spec.fingerprint}, pid {os.getpid()})"


def _script() -> int:
    parser = argparse.ArgumentParser(prog="mmbench worker")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--events-fd", type=int)
    parser.add_argument("--lifeline-fd", type=int)
    arguments = parser.parse_args()
    return _exit_code(lambda: main(arguments.bundle, arguments.events_fd, arguments.lifeline_fd))


def _exit_code(work: Callable[[], int]) -> int:
    try:
        return work()
    except MMBenchError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(_script())
