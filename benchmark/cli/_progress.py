"""What is seen while runs are computed: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmark.core.result import Status
from benchmark.execution.observer import Observer
from benchmark.manifest.plan import PlannedRun


class PlainProgress(Observer):
    """One line per finished run, e.g. ``[ 7/50] ok 1.2 s  quickstart prior wdbc fold 1 seed 0``.

    Args:
        console: Where lines go (stderr).
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.total = self.done = 0
        self._begun: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to take down."""

    def begin(self, total: int, cached: int) -> None:
        """Note how many there are."""
        self.total = total

    def started(self, run: PlannedRun, worker: int) -> None:
        """Start the run's clock."""
        self._begun[run.spec.fingerprint] = time.monotonic()

    def finished(self, run: PlannedRun, status: Status, message: str) -> None:
        """Print the line."""
        self.done += 1
        began = self._begun.pop(run.spec.fingerprint, None)
        took = "" if began is None else f" {time.monotonic() - began:.1f} s"
        width = len(str(self.total))
        self.line(f"[{self.done:{width}}/{self.total}] {status}{took}  {run.label}")
        if message:
            self.line(f"  {message.splitlines()[0]}")

    def note(self, text: str) -> None:
        """Print a remark."""
        self.line(f"  {text}")

    def line(self, text: str) -> None:
        """Print a line as it is."""
        self.console.print(text, markup=False, highlight=False)


class LiveProgress(PlainProgress):
    """A bar over all runs and a line per run in flight; failures and remarks scroll above.

    Args:
        console: A terminal (stderr).
    """

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.overall = self.bars.add_task("runs", total=None)
        self._lines: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the display down, so that the terminal is as it was."""
        self.bars.stop()

    def begin(self, total: int, cached: int) -> None:
        """Set the bar's length."""
        super().begin(total, cached)
        self.bars.update(self.overall, total=total)

    def started(self, run: PlannedRun, worker: int) -> None:
        """Add a line."""
        super().started(run, worker)
        self._lines[run.spec.fingerprint] = self.bars.add_task(f"  {run.label}", total=None)

    def progress(self, run: PlannedRun, info: Mapping[str, Any]) -> None:
        """Show the epoch."""
        line = self._lines.get(run.spec.fingerprint)
        if line is not None and "epoch" in info:
            self.bars.update(line, completed=info["epoch"], total=info.get("epochs"))

    def finished(self, run: PlannedRun, status: Status, message: str) -> None:
        """Remove the line; print it if the run failed."""
        line = self._lines.pop(run.spec.fingerprint, None)
        if line is not None:
            self.bars.remove_task(line)
        if status == "ok":
            self.done += 1
            self._begun.pop(run.spec.fingerprint, None)
        else:
            super().finished(run, status, message)
        self.bars.update(self.overall, completed=self.done)


class SilentProgress(PlainProgress):
    """For ``--quiet``: failures only."""

    def finished(self, run: PlannedRun, status: Status, message: str) -> None:
        """Print a failed run's line."""
        if status == "ok":
            self.done += 1
        else:
            super().finished(run, status, message)

    def note(self, text: str) -> None:
        """Keep remarks back."""


def make_progress(console: Console, quiet: bool) -> PlainProgress:
    """Choose by what is asked for and what the console is."""
    if quiet:
        return SilentProgress(console)
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)
