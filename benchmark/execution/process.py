"""A worker process as its supervisor sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from benchmark.core.environment import worker_environment
from benchmark.execution.attempt import now
from benchmark.execution.events import Listener
from benchmark.execution.killing import MARK, family, kill_all, kill_marked, signal_group
from benchmark.execution.memory import oom_kills
from benchmark.execution.slots import Slot

StopReason = Literal["timeout", "silent", "end"]


@dataclass(frozen=True)
class InFlight:
    """The run a worker is at."""

    fingerprint: str
    started: str
    clock: float


class WorkerProcess:
    """Starts a worker and keeps what is known about it.

    Args:
        slot: Device and number.
        bundle: Bundle file.
        log: File that takes what the worker prints between runs.
        threads: CPU threads of the numeric libraries.
    """

    def __init__(self, slot: Slot, bundle: Path, log: Path, threads: int = 1) -> None:
        self.slot = slot
        self.log = log
        self.token = uuid.uuid4().hex
        self.run: InFlight | None = None
        self.done = False
        self.runs_begun = 0
        self.reason: StopReason | None = None
        self.last_news = time.monotonic()
        self.kill_at: float | None = None
        self._late: InFlight | None = None
        self._family: set[psutil.Process] = set()
        self._oom_kills = oom_kills()
        self._start(bundle, threads)

    @property
    def pid(self) -> int:
        """Process id, and id of the worker's process group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal; None while the worker lives."""
        return self._process.poll()

    def was_out_of_memory(self) -> bool:
        """Tell whether SIGKILL ended the worker and the kernel has killed for memory meanwhile."""
        return self.exit_code() == -signal.SIGKILL and oom_kills() > self._oom_kills

    def is_to_blame(self) -> bool:
        """Tell whether the run in flight ended its worker: by itself or by taking too long.

        False if we ended the worker for another reason, or if it had got on to the next run by
        the time the signal came; such a run has no result yet and may be tried again.
        """
        return self.reason is None or (self.run is not None and self.run is self._late)

    def news(self) -> list[dict[str, Any]]:
        """Return new events and note what they say about the worker."""
        events = self.listener.read()
        if events:
            self.last_news = time.monotonic()
        for event in events:
            self._note(event)
        return events

    def stop(self, reason: StopReason, grace: float) -> None:
        """Ask the worker's group to end; :meth:`kill` is due ``grace`` seconds later."""
        if self.kill_at is None:
            self.reason = reason
            self._late = self.run if reason == "timeout" else None
            self.kill_at = time.monotonic() + grace
            # Once the worker is gone nobody can tell who its children were.
            self._family.update(family(self.pid))
            signal_group(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the worker and all it started, at once."""
        if self.exit_code() is None:
            self._family.update(family(self.pid))
        signal_group(self.pid, signal.SIGKILL)
        kill_all(self._family)

    def close(self) -> None:
        """Collect a dead or dying worker, whatever outlived it, and the pipes."""
        self.kill()
        self._process.wait()
        kill_marked(self.token)
        self.listener.close()
        os.close(self._lifeline)

    def _start(self, bundle: Path, threads: int) -> None:
        events_in, events_out = os.pipe()
        lifeline_in, self._lifeline = os.pipe()
        # -P: a folder named `benchmark` where the user stands must not be imported.
        command = [sys.executable, "-P", "-m", "benchmark.execution.worker", str(bundle)]
        command += ["--events-fd", str(events_out), "--lifeline-fd", str(lifeline_in)]
        try:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**worker_environment(self.slot.device, threads), MARK: self.token},
                    pass_fds=(events_out, lifeline_in),
                    start_new_session=True,
                )
        finally:
            os.close(events_out)
            os.close(lifeline_in)
        self.listener = Listener(events_in)

    def _note(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "start":
                self.runs_begun += 1
                self.run = InFlight(event["fp"], now(), time.monotonic())
            case "end":
                self.run = None
            case "done":
                self.done = True
