"""Keep workers busy until every planned run has a result, whatever happens to them."""

from __future__ import annotations

import selectors
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.core import leases
from benchmark.core.atomic import write_text
from benchmark.core.errors import MMBenchError, StoreError, UsageError
from benchmark.execution.capture import last_lines
from benchmark.execution.decide import limits_of, needs_run, weights_gone
from benchmark.execution.interrupts import Interrupts
from benchmark.execution.killing import adopting_orphans
from benchmark.execution.obituary import obituary
from benchmark.execution.observer import Continued, Observer, Summary
from benchmark.execution.options import SuperviseOptions, make_bundle, with_timeout
from benchmark.execution.process import WorkerProcess
from benchmark.execution.slots import Slot, slots
from benchmark.execution.summary import summarise_runs
from benchmark.manifest.plan import PlannedRun
from benchmark.store.runs import RunStore, writable

__all__ = ["SuperviseOptions", "Supervisor", "run_all"]

_TICK = 0.1
_FUTILE_STARTS = 3


def run_all(
    runs: Sequence[PlannedRun], options: SuperviseOptions, observer: Observer | None = None
) -> Summary:
    """Compute what the store lacks.

    Args:
        runs: Planned runs; parents may come before or after their children.
        options: How to work.
        observer: Is told what happens.

    Returns:
        What the store says afterwards; failed runs are in it and do not raise.

    Raises:
        StoreError: Results cannot be stored; everything stored before is safe.
        MMBenchError: Workers end before they begin a run.
        UsageError: Unknown device, no jobs, or no such executor.
    """
    return run_in_stages(runs, options, observer or Observer())


def run_in_stages(
    runs: Sequence[PlannedRun], options: SuperviseOptions, observer: Observer
) -> Summary:
    """Let all runs share the machine but those that measure it: each of them has it alone."""
    together = [run for run in runs if not run.spec.device]
    alone = [run for run in runs if run.spec.device]
    if not alone:
        return Supervisor(runs, options, observer).run()
    needed = len(Supervisor(runs, options, observer).todo)
    cached = len({run.spec.fingerprint for run in runs}) - needed
    observer.begin(needed, cached)
    quiet = Continued(observer)
    interrupted = False
    for stage in (together, *([run] for run in alone)):
        # A worker per stage, so a measurement starts in a process nothing else has used.
        done = Supervisor(stage, options, quiet).run()
        interrupted = done.interrupted
        if interrupted or (options.fail_fast and done.failures):
            break
    unique = list({run.spec.fingerprint: run for run in runs}.values())
    return summarise_runs(unique, RunStore(options.paths.cache), cached, interrupted)


class Supervisor:
    """State of one :func:`run_all`."""

    def __init__(
        self, runs: Sequence[PlannedRun], options: SuperviseOptions, observer: Observer
    ) -> None:
        unique = {run.spec.fingerprint: run for run in runs}
        self.runs = [with_timeout(run, options.default_timeout) for run in unique.values()]
        self.options = options
        self.observer = observer
        self.store = RunStore(options.paths.cache)
        self.todo = {run.spec.fingerprint: run for run in self.runs if self._is_needed(run)}
        self.open = set(self.todo)
        self.slots = slots(options.device, options.jobs)[: max(1, len(self.todo))]
        self.bundle = make_bundle(list(self.todo.values()), options, self.slots[0].inner)
        self.selector = selectors.DefaultSelector()
        self.workers: list[WorkerProcess] = []
        self.futile = 0
        self.stopping = False
        self.noted_waiting = False
        self.error: MMBenchError | None = None

    def run(self) -> Summary:
        """Do the work; see :func:`run_all`."""
        self.observer.begin(len(self.todo), len(self.runs) - len(self.todo))
        with Interrupts() as interrupts:
            if self.todo:
                writable(self.options.paths.cache)
                self._work(interrupts)
        if self.error:
            raise self.error
        cached = len(self.runs) - len(self.todo)
        return summarise_runs(self.runs, self.store, cached, interrupts.count > 0)

    def _work(self, interrupts: Interrupts) -> None:
        with tempfile.TemporaryDirectory(prefix="mmbench-") as folder, adopting_orphans():
            path = Path(folder) / "bundle.json"
            write_text(path, self.bundle.model_dump_json())
            try:
                for slot in self.slots:
                    self._start(slot, path)
                while self.workers:
                    self._listen()
                    self._obey(interrupts)
                    for worker in list(self.workers):
                        self._look_after(worker, path)
                    if not self.open:
                        # Idle workers need not be waited for, nor those that still import torch.
                        self._stop_all()
            finally:
                self._stop_all()
                for worker in list(self.workers):
                    self._bury(worker)
                self.selector.close()

    def _listen(self) -> None:
        for key, _ in self.selector.select(_TICK):
            worker: WorkerProcess = key.data
            self._hear(worker)
            if worker.listener.ended:
                # Its end of the pipe is closed; from now on only its exit code speaks.
                self._stop_listening(worker)
        if not self.selector.get_map():
            time.sleep(_TICK)

    def _stop_listening(self, worker: WorkerProcess) -> None:
        with suppress(KeyError):
            self.selector.unregister(worker.listener)

    def _hear(self, worker: WorkerProcess) -> None:
        for event in worker.news():
            self._handle(worker, event)

    def _handle(self, worker: WorkerProcess, event: dict[str, Any]) -> None:
        run = self.todo.get(event.get("fp", ""))
        match event["event"]:
            case "start" if run:
                self.futile = 0
                self.observer.started(run, worker.slot.index)
            case "progress" if run:
                self.observer.progress(run, event["info"])
            case "end" | "skip" if run:
                self._close(run, event["status"], event.get("message", ""))
            case "waiting":
                self._note_waiting(event["runs"])
            case "fatal":
                self._fail(event)

    def _close(self, run: PlannedRun, status: Any, message: str) -> None:
        if run.spec.fingerprint not in self.open:
            return
        self.open.discard(run.spec.fingerprint)
        self.observer.finished(run, status, message)
        if status != "ok" and self.options.fail_fast:
            self._stop_all()

    def _fail(self, event: dict[str, Any]) -> None:
        kind = {"StoreError": StoreError, "UsageError": UsageError}.get(event["kind"], MMBenchError)
        self.error = self.error or kind(event["message"], event["hint"])
        self._stop_all()

    def _note_waiting(self, runs: int) -> None:
        """Say so, once, when all that is left is computed by somebody else."""
        if not self.noted_waiting and all(worker.run is None for worker in self.workers):
            self.noted_waiting = True
            self.observer.note(f"runs left: {runs}, which another process works on; waiting for it")

    def _obey(self, interrupts: Interrupts) -> None:
        if interrupts.count and not self.stopping:
            self.observer.note("stopping; once more to kill at once")
            self._stop_all()
        if interrupts.count > 1:
            for worker in self.workers:
                worker.kill()

    def _stop_all(self) -> None:
        self.stopping = True
        for worker in self.workers:
            worker.stop("end", self.options.grace)

    def _look_after(self, worker: WorkerProcess, bundle: Path) -> None:
        clock = time.monotonic()
        if worker.exit_code() is not None:
            self._replace(worker, bundle)
        elif worker.kill_at is not None:
            if clock > worker.kill_at:
                worker.kill()
        elif worker.run is not None:
            limit = self.todo[worker.run.fingerprint].timeout
            if limit is not None and clock - worker.run.clock > limit:
                worker.stop("timeout", self.options.grace)
        elif clock - worker.last_news > self.options.silence:
            worker.stop("silent", self.options.grace)

    def _replace(self, worker: WorkerProcess, bundle: Path) -> None:
        """Note a worker's end and start another if there is work left for it."""
        self._hear(worker)
        self._bury(worker)
        if self.stopping or worker.done or not self.open:
            return
        if worker.runs_begun == 0:
            self.futile += 1
        if self.futile >= _FUTILE_STARTS:
            self.error = _futile(worker)
            self._stop_all()
            return
        self.observer.note(f"worker {worker.slot.index} ended and is started again")
        self._start(worker.slot, bundle)

    def _start(self, slot: Slot, bundle: Path) -> None:
        log = bundle.with_name(f"worker-{slot.index}.log")
        threads = max(run.spec.threads for run in self.todo.values())
        worker = WorkerProcess(slot, bundle, log, threads)
        self.workers.append(worker)
        self.selector.register(worker.listener, selectors.EVENT_READ, worker)

    def _bury(self, worker: WorkerProcess) -> None:
        """End all that is left of a worker, store why its run has no result, free its leases."""
        self.workers.remove(worker)
        self._stop_listening(worker)
        worker.close()
        try:
            if worker.run and worker.is_to_blame():
                self._note_loss(worker, self.todo[worker.run.fingerprint])
        except StoreError as error:
            self.error = self.error or error
            self._stop_all()
        finally:
            # Not before the loss is noted: siblings must not pick the run up again.
            leases.clear_of(self.options.paths.cache / "leases", self.bundle.id, worker.pid)

    def _note_loss(self, worker: WorkerProcess, run: PlannedRun) -> None:
        """Store why the run has no result, unless it was stored before the worker could say so."""
        head = self.store.head(run.spec.fingerprint)
        if head is None or head.bundle != self.bundle.id:
            result = obituary(worker, run, self.bundle)
            if self.store.write(result):
                self._close(run, result.status, result.failure.message if result.failure else "")
                return
            head = self.store.head(run.spec.fingerprint)
        if head is not None:
            self._close(run, head.status, "")

    def _is_needed(self, run: PlannedRun) -> bool:
        head = self.store.head(run.spec.fingerprint)
        if head is None:
            return True
        if weights_gone(run, head.status, self.store.has_weights(head.fingerprint)):
            return True
        return needs_run(head.status, head.limits, self.options, limits_of(run.timeout))


def _futile(worker: WorkerProcess) -> MMBenchError:
    why = "hang" if worker.reason == "silent" else f"exit with code {worker.exit_code()}"
    tail = last_lines(worker.log)
    return MMBenchError(f"workers {why} before they begin a run", f"the last one said:\n{tail}")
