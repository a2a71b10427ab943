"""Does a planned run have to be computed? Asked by ``plan``, the supervisor and every worker."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Protocol

import psutil

from benchmark.core.result import FINAL, LIMITED, Status
from benchmark.manifest.plan import PlannedRun

_GIB = 2**30
#: Installed memory is reported a little differently after a reboot; that is no reason to retry.
_MORE_MEMORY = 1.05


class Wishes(Protocol):
    """What a user asked for; met by ``Bundle`` and ``SuperviseOptions``."""

    @property
    def force(self) -> bool:
        """Run even what is final."""

    @property
    def retry(self) -> Collection[str]:
        """Statuses to run again although no limit changed."""


def limits_of(timeout: float | None) -> dict[str, float]:
    """Return the limits a run would have now: memory in GiB and the time-out in seconds."""
    limits = {"memory_gib": _memory_gib()}
    return limits if timeout is None else {"timeout": timeout, **limits}


def needs_run(
    status: Status | None,
    limits: Mapping[str, float],
    options: Wishes,
    now: Mapping[str, float] | None = None,
) -> bool:
    """Decide by what the store says.

    Args:
        status: Stored status; None if there is no result.
        limits: Limits stored with it.
        options: Whether to force, and which statuses to retry.
        now: Limits the run would have now (:func:`limits_of`); None counts as unchanged.

    Returns:
        True for no result, ``error`` and ``killed``; for ``timeout`` and ``oom`` only if asked for
        or if the limit is wider now; for ``ok`` and ``diverged`` only if forced.
    """
    if status is None or options.force or status in options.retry:
        return True
    if status in LIMITED:
        return now is not None and _wider(status, limits, now)
    return status not in FINAL


def weights_gone(run: PlannedRun, status: Status | None, has_weights: bool) -> bool:
    """Tell whether a finished parent must run again because a child needs its lost weights."""
    return status == "ok" and run.keep_weights and run.spec.kind == "train" and not has_weights


def _wider(status: Status, before: Mapping[str, float], now: Mapping[str, float]) -> bool:
    if status == "oom":
        return now.get("memory_gib", 0.0) > _MORE_MEMORY * before.get("memory_gib", float("inf"))
    return now.get("timeout", float("inf")) > before.get("timeout", float("inf"))


@cache
def _memory_gib() -> float:
    total: int = psutil.virtual_memory().total
    return round(total / _GIB, 2)
