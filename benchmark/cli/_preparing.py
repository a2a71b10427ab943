"""Preparing data before work, with word of it on stderr."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from benchmark.cli import _console

if TYPE_CHECKING:
    from benchmark.core.paths import Paths
    from benchmark.core.spec import Ref
    from benchmark.manifest.plan import PlannedRun

Source = Literal["auto", "real", "partial", "synthetic"]
#: Seconds between two lines about the same thing.
_INTERVAL = 5.0


class Lines:
    """A line when something begins and ends, and every few seconds in between."""

    def __init__(self) -> None:
        self._last: tuple[str, float] = ("", 0.0)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say how far ``what`` is."""
        name, then = self._last
        now = time.monotonic()
        if name == what and done < total and now - then < _INTERVAL:
            return
        self._last = (what, now)
        count = f": {done:,} of {total:,}" if total > 1 else ""
        _console.say(f"  {what}{count}")


def prepare_for(runs: Iterable[PlannedRun], paths: Paths, source: Source, jobs: int) -> None:
    """Prepare what runs read and is not prepared yet, each once.

    Args:
        runs: Those that will be computed.
        paths: Folders.
        source: Which data a loader may use, where the plan does not say.
        jobs: Processes.

    Raises:
        DataError: Something of a release cannot be read; names it.
    """
    for loader, planned in needed(runs, source):
        prepare(loader.name, config_of(loader), paths, planned, jobs)


def needed(runs: Iterable[PlannedRun], source: Source) -> list[tuple[Ref, Source]]:
    """Return the loaders that runs read through, each once, with the source they were planned on.

    Args:
        runs: Planned runs.
        source: Which data a loader may use, where the plan does not say.
    """
    found: dict[str, tuple[Ref, Source]] = {}
    for run in runs:
        # A run that only counts parameters names no data.
        for component in (one for one in run.spec.components if one.data):
            planned: Source = run.sources.get(component.dataset, source)
            key = f"{component.loader.model_dump_json()} {planned}"
            found[key] = (component.loader, planned)
    return list(found.values())


def config_of(loader: Ref) -> Any:
    """Return a planned loader's options."""
    from benchmark.datasets import DATASETS

    return DATASETS.config(loader.name).parse(loader.config)


def prepare(name: str, config: Any, paths: Paths, source: Source, jobs: int) -> bool:
    """Prepare one dataset; return whether there was anything to do."""
    from benchmark.datasets import DATASETS
    from benchmark.datasets._base import DataContext

    loader, context = DATASETS.load(name), DataContext(paths, source)
    if loader.is_prepared(config, context):
        return False
    _console.say(f"preparing {name}")
    loader.prepare(config, context, jobs, Lines())
    return True


def cores() -> int:
    """Cores this process may use; a job of a cluster may have fewer than its machine."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
