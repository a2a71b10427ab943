"""How to work, and the bundle that tells the workers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.core.paths import Paths
from benchmark.execution.bundle import Bundle
from benchmark.manifest.plan import PlannedRun


@dataclass(frozen=True)
class SuperviseOptions:
    """How to work.

    Attributes:
        paths: Folders.
        source: Which data a loader may use.
        device: ``cpu``, ``cuda``, ``cuda:0,1`` (one worker per GPU) or ``mps``.
        jobs: Workers on the CPU.
        force: Run even what the store has as final.
        fail_fast: Stop at the first run that does not end ``ok``.
        default_timeout: Seconds a run may take if its plan does not say; None for no limit.
        retry: Statuses to run again although nothing changed: ``timeout``, ``oom``.
        grace: Seconds between SIGTERM and SIGKILL.
        silence: Seconds without a sign of life between runs, imports included, after which a
            worker counts as hanging.
        executor: ``module:function`` that computes a run; empty for the suite's own.
        plugins: Files of plug-ins, absolute, that every worker loads.
    """

    paths: Paths
    source: Literal["auto", "real", "partial", "synthetic"] = "auto"
    device: str = "cpu"
    jobs: int = 1
    force: bool = False
    fail_fast: bool = False
    default_timeout: float | None = None
    retry: frozenset[str] = frozenset()
    grace: float = 5.0
    silence: float = 300.0
    executor: str = ""
    plugins: tuple[str, ...] = ()


def make_bundle(runs: Sequence[PlannedRun], options: SuperviseOptions, device: str) -> Bundle:
    """Return the bundle all workers share.

    Args:
        runs: What has to be computed.
        options: How.
        device: What a worker calls its device; it sees one GPU only.
    """
    paths = options.paths
    return Bundle(
        cache=str(paths.cache),
        data=str(paths.data) if paths.data else None,
        weights=str(paths.weights) if paths.weights else None,
        releases={name: str(path) for name, path in paths.releases.items()},
        source=options.source,
        device=device,
        force=options.force,
        id=uuid.uuid4().hex,
        retry=tuple(sorted(options.retry)),
        executor=options.executor,
        plugins=options.plugins,
        runs=tuple(runs),
    )


def with_timeout(run: PlannedRun, default: float | None) -> PlannedRun:
    """Return the run with the default time-out if its plan names none."""
    return run if run.timeout is not None else run.model_copy(update={"timeout": default})
