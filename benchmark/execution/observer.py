"""What can be watched while runs are computed, and what is left at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.core.result import Status
from benchmark.manifest.plan import PlannedRun


class Observer:
    """Is told what happens; this one keeps silent. Calls come from the supervisor's thread."""

    def begin(self, total: int, cached: int) -> None:
        """Say how many runs there are to compute, and how many need not be."""

    def started(self, run: PlannedRun, worker: int) -> None:
        """Tell that a worker has begun a run."""

    def progress(self, run: PlannedRun, info: Mapping[str, Any]) -> None:
        """Tell how far a run is."""

    def finished(self, run: PlannedRun, status: Status, message: str) -> None:
        """Tell that a run has a result; ``message`` says why it failed, empty if it did not."""

    def note(self, text: str) -> None:
        """Pass on something a user should know, e.g. that a worker was started again."""


class Continued(Observer):
    """Passes everything on but how many runs there are, which was said for all stages together.

    Args:
        observer: Who is told.
    """

    def __init__(self, observer: Observer) -> None:
        self.observer = observer

    def started(self, run: PlannedRun, worker: int) -> None:
        """Pass on."""
        self.observer.started(run, worker)

    def progress(self, run: PlannedRun, info: Mapping[str, Any]) -> None:
        """Pass on."""
        self.observer.progress(run, info)

    def finished(self, run: PlannedRun, status: Status, message: str) -> None:
        """Pass on."""
        self.observer.finished(run, status, message)

    def note(self, text: str) -> None:
        """Pass on."""
        self.observer.note(text)


@dataclass(frozen=True)
class RunFailure:
    """A run without an ``ok`` result.

    Attributes:
        label: For people.
        fingerprint: Name of the run.
        status: How it ended.
        message: Why.
        log: Log file relative to the cache folder.
    """

    label: str
    fingerprint: str
    status: Status
    message: str
    log: str


@dataclass(frozen=True)
class Summary:
    """What the store says about the planned runs after the work.

    Attributes:
        counts: Runs by status; runs without any result are not in it.
        failures: Planned runs whose status is not ``ok``, in planned order.
        cached: Runs that did not need computing.
        missing: Runs that have no result, e.g. after an interruption.
        interrupted: True if a signal ended the work.
    """

    counts: dict[str, int] = field(default_factory=dict)
    failures: tuple[RunFailure, ...] = ()
    cached: int = 0
    missing: int = 0
    interrupted: bool = False
