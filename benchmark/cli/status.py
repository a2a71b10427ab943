"""``mmbench status``: how far each table is, what failed, what is being worked on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.cli import _console
from benchmark.core import leases
from benchmark.execution.sources import is_stale
from benchmark.manifest.expand import Expansion
from benchmark.store.runs import RunStore


def print_status(expansions: Sequence[Expansion], store: RunStore, as_json: bool) -> None:
    """Print runs by status for each table, with the log of every failed run.

    Args:
        expansions: One per table.
        store: Results.
        as_json: Print a list of JSON objects instead.
    """
    states = [table_status(expansion, store) for expansion in expansions]
    if as_json:
        _console.emit_json(states)
        return
    for state in states:
        _print(state)


def table_status(expansion: Expansion, store: RunStore) -> dict[str, Any]:
    """Return counts by status, failed runs, runs in work and runs made by other source.

    A run is ``stale`` if the code of its model or loader has changed since, although its
    ``result_version`` says that numbers stay the same.
    """
    names = {run.spec.fingerprint: run for run in expansion.runs}
    results = {name: plain for name in names if (plain := store.plain(name)) is not None}
    working = [name for name in names if _is_worked_on(store, name)]
    return {
        "table": expansion.manifest.id,
        "variant": expansion.variant,
        "profile": expansion.profile,
        "runs": len(names),
        "counts": dict(Counter(result["status"] for result in results.values())),
        "missing": len(names) - len(results),
        "working": [names[name].label for name in working],
        "failed": [
            _failure(names[name].label, result, store)
            for name, result in results.items()
            if result["status"] != "ok"
        ],
        "stale": [
            names[name].label
            for name, result in results.items()
            if is_stale(names[name].spec, result)
        ],
        "not_available": [one.dataset for one in expansion.unavailable],
    }


def _is_worked_on(store: RunStore, fingerprint: str) -> bool:
    path = store.cache / "leases" / fingerprint
    return path.exists() and not leases.is_stale(path)


def _failure(label: str, result: Mapping[str, Any], store: RunStore) -> dict[str, str]:
    failure = result.get("failure") or {}
    return {
        "run": label,
        "status": result["status"],
        "message": str(failure.get("message", "")),
        "log": str(store.cache / result["log"]) if result["log"] else "",
    }


def _print(state: Mapping[str, Any]) -> None:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(state["counts"].items()))
    _console.emit(
        f"{state['table']} ({state['variant']}, {state['profile']}): {state['runs']} runs: "
        f"{counts or 'none done'}" + (f", {state['missing']} to do" if state["missing"] else "")
    )
    for label in state["working"]:
        _console.emit(f"  in work: {label}")
    for failure in state["failed"]:
        first = failure["message"].splitlines()[0] if failure["message"] else ""
        _console.emit(f"  {failure['status']}: {failure['run']}: {first}")
        _console.emit(f"    log: {failure['log']}")
    if state["stale"]:
        _console.emit(
            f"  stale? {len(state['stale'])} runs were made by other source of their model or "
            "loader; `run --force` makes them anew"
        )
    for name in state["not_available"]:
        _console.emit(f"  not available: {name}")
