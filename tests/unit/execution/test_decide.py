from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from benchmark.core.result import Status
from benchmark.execution.decide import limits_of, needs_run, weights_gone
from benchmark.manifest.plan import PlannedRun


@dataclass
class Wishes:
    force: bool = False
    retry: frozenset[str] = field(default_factory=frozenset)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, True),
        ("ok", False),
        ("diverged", False),
        ("error", True),
        ("killed", True),
        ("timeout", False),
        ("oom", False),
    ],
)
def test_by_status(status: Status | None, expected: bool) -> None:
    assert needs_run(status, {}, Wishes()) is expected
    assert needs_run(status, {}, Wishes(force=True))


@pytest.mark.parametrize("status", ["timeout", "oom", "diverged"])
def test_when_asked(status: Status) -> None:
    assert needs_run(status, {}, Wishes(retry=frozenset({status})))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"timeout": 60.0}, {"timeout": 60.0}, False),
        ({"timeout": 60.0}, {"timeout": 30.0}, False),
        ({"timeout": 60.0}, {"timeout": 90.0}, True),
        ({"timeout": 60.0}, {}, True),
    ],
)
def test_time_out_with_another_limit(
    before: dict[str, float], now: dict[str, float], expected: bool
) -> None:
    assert needs_run("timeout", before, Wishes(), now) is expected


@pytest.mark.parametrize(
    ("now", "expected"), [(15.9, False), (16.1, False), (24.0, True), (8.0, False)]
)
def test_out_of_memory_with_another_memory(now: float, expected: bool) -> None:
    before = {"memory_gib": 16.0}
    assert needs_run("oom", before, Wishes(), {"memory_gib": now}) is expected


def test_limits_now() -> None:
    assert limits_of(5.0)["timeout"] == 5.0
    assert "timeout" not in limits_of(None)
    assert limits_of(None)["memory_gib"] > 0


def test_parent_without_its_weights_runs_again(make_run: Callable[..., PlannedRun]) -> None:
    parent = make_run(keep_weights=True)
    assert weights_gone(parent, "ok", has_weights=False)
    assert not weights_gone(parent, "ok", has_weights=True)
    assert not weights_gone(make_run(), "ok", has_weights=False)
    assert not weights_gone(parent, "diverged", has_weights=False)
