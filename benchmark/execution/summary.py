"""Sum up what the store says; no engine's word is taken for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmark.execution.observer import RunFailure, Summary
from benchmark.manifest.plan import PlannedRun
from benchmark.store.runs import RunStore


def summarise_runs(
    runs: Sequence[PlannedRun], store: RunStore, cached: int, interrupted: bool
) -> Summary:
    """Count planned runs by stored status and list those that are not ``ok``."""
    statuses = store.statuses(run.spec.fingerprint for run in runs)
    failures = [
        failure
        for run in runs
        if statuses.get(run.spec.fingerprint, "ok") != "ok" and (failure := _failure(run, store))
    ]
    return Summary(
        counts=dict(Counter(statuses.values())),
        failures=tuple(failures),
        cached=cached,
        missing=len({run.spec.fingerprint for run in runs} - set(statuses)),
        interrupted=interrupted,
    )


def _failure(run: PlannedRun, store: RunStore) -> RunFailure | None:
    result = store.read(run.spec.fingerprint)
    if result is None:
        return None
    message = result.failure.message if result.failure else ""
    return RunFailure(run.label, result.fingerprint, result.status, message, result.log)
