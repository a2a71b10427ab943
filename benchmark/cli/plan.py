"""``mmbench plan``: which runs a table needs, which are done, how long the rest takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.cli._console import emit, emit_columns, emit_json, say
from benchmark.execution.decide import Wishes, limits_of, needs_run, weights_gone
from benchmark.manifest.estimate import Sort, duration, estimate, past_seconds, seconds_of
from benchmark.manifest.expand import Expansion, unite
from benchmark.manifest.plan import PlannedRun
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

#: ``given_up``: ended in timeout or oom and is only retried when asked for or when limits widen.
State = Literal["cached", "to_run", "given_up"]
STATES: tuple[State, ...] = ("cached", "to_run", "given_up")


@dataclass(frozen=True)
class Wanted:
    """What is to be done with results that are there.

    Attributes:
        force: Run even what is final.
        retry: Statuses to run again although no limit changed.
    """

    force: bool = False
    retry: tuple[str, ...] = ()


def print_plan(
    expansions: Sequence[Expansion], store: RunStore, jobs: int, wanted: Wishes, as_json: bool
) -> None:
    """Print runs by table, row and dataset, what is not available, and the time to expect.

    Args:
        expansions: One per table; a run that several share counts once in the totals.
        store: Results that are there.
        jobs: Runs at a time, for the estimate.
        wanted: What to do with results that are there.
        as_json: Print one JSON object instead.
    """
    plan = make_plan(expansions, store, jobs, wanted)
    if as_json:
        emit_json(plan)
    else:
        _print(plan)


def make_plan(
    expansions: Sequence[Expansion], store: RunStore, jobs: int, wanted: Wishes
) -> dict[str, Any]:
    """Return the plan as JSON values."""
    runs = unite(run for expansion in expansions for run in expansion.runs)
    states = states_of(runs, store, wanted)
    to_run = [run.spec for run in runs if states[run.spec.fingerprint] == "to_run"]
    past = past_seconds(load_view(store)) if to_run and store.runs.is_dir() else {}
    expected = estimate(to_run, past, jobs)
    return {
        "tables": [_table(expansion, states, past) for expansion in expansions],
        "totals": _count(states[run.spec.fingerprint] for run in runs),
        "estimate": {
            "jobs": jobs,
            "seconds": expected.seconds,
            "unknown_runs": expected.unknown,
            "text": str(expected) if to_run else "nothing to run",
        },
        "runs": [
            {
                "fingerprint": run.spec.fingerprint,
                "label": run.label,
                "state": states[run.spec.fingerprint],
            }
            for run in runs
        ],
    }


def states_of(runs: Sequence[PlannedRun], store: RunStore, wanted: Wishes) -> dict[str, State]:
    """Return what is to be done with each run, by fingerprint."""
    heads = store.heads(run.spec.fingerprint for run in runs)
    states: dict[str, State] = {}
    for run in runs:
        head = heads.get(run.spec.fingerprint)
        status = head.status if head else None
        limits = head.limits if head else {}
        if needs_run(status, limits, wanted, limits_of(run.timeout)) or (
            weights_gone(run, status, store.has_weights(run.spec.fingerprint))
        ):
            states[run.spec.fingerprint] = "to_run"
        else:
            given_up = status in ("timeout", "oom")
            states[run.spec.fingerprint] = "given_up" if given_up else "cached"
    return states


def _table(
    expansion: Expansion, states: dict[str, State], past: dict[Sort, float]
) -> dict[str, Any]:
    groups: dict[tuple[str, str], list[PlannedRun]] = {}
    for run in expansion.runs:
        for use in run.uses:
            own = use.table == expansion.manifest.id
            row = use.row if own else f"{use.table}#{use.row}"
            groups.setdefault((row, run.spec.components[0].dataset), []).append(run)
    return {
        "id": expansion.manifest.id,
        "variant": expansion.variant,
        "profile": expansion.profile,
        "why": expansion.why,
        "rows": [_row(row, name, runs, states, past) for (row, name), runs in groups.items()],
        "not_available": [
            {"dataset": one.dataset, "reason": one.reason, "hint": one.hint}
            for one in expansion.unavailable
        ],
    }


def _row(
    row: str,
    dataset: str,
    runs: list[PlannedRun],
    states: dict[str, State],
    past: dict[Sort, float],
) -> dict[str, Any]:
    spec = runs[0].spec
    return {
        "row": row,
        "dataset": dataset,
        "model": spec.model.name,
        "source": runs[0].sources.get(dataset, ""),
        **_count(states[run.spec.fingerprint] for run in runs),
        "seconds_per_run": seconds_of(spec, past),
    }


def _count(states: Iterator[State] | Sequence[State]) -> dict[str, int]:
    found = list(states)
    return {state: found.count(state) for state in STATES}


def _print(plan: dict[str, Any]) -> None:
    for table in plan["tables"]:
        _print_table(table)
    totals = plan["totals"]
    emit(
        f"{totals['cached']} cached, {totals['to_run']} to run, {totals['given_up']} given up "
        f"(timeout, oom)"
    )
    emit(f"time with -j {plan['estimate']['jobs']}: {plan['estimate']['text']}")
    if totals["given_up"]:
        say("--only timeout oom runs again what was given up; so does a wider --timeout")


def _print_table(table: dict[str, Any]) -> None:
    emit(f"{table['id']}: {table['variant']}, profile {table['profile']} ({table['why']})")
    head = ("row", "dataset", "source", "cached", "to run", "given up", "per run")
    emit_columns(head, [_cells(row) for row in table["rows"]])
    for one in table["not_available"]:
        emit(f"not available: {one['dataset']}: {one['reason']}")
        for line in one["hint"].splitlines():
            say(f"  {line}")
    emit("")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    seconds = row["seconds_per_run"]
    counts = (str(row[state]) for state in STATES)
    per_run = "unknown" if seconds is None else duration(seconds)
    return (row["row"], row["dataset"], row["source"], *counts, per_run)
