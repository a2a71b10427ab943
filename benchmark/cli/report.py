"""``mmbench report`` and ``export``: tables from what is stored, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark.analysis.aggregate import build_table
from benchmark.cli.export import write_export
from benchmark.manifest.expand import Expansion
from benchmark.render.table import Table
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view


def tables_of(expansions: Sequence[Expansion], store: RunStore) -> list[Table]:
    """Aggregate what is stored for each table."""
    view = load_view(store)
    known = set(view["fingerprint"])
    tables = []
    for expansion in expansions:
        # The view says how its runs ended; only runs without rows are looked up one by one.
        names = (run.spec.fingerprint for run in expansion.runs)
        statuses = store.statuses(name for name in names if name not in known)
        tables.append(build_table(expansion, view, statuses))
    return tables


def report_expansions(
    expansions: Sequence[Expansion], store: RunStore, fmt: str, output: Path | None = None
) -> None:
    """Render each table to stdout, or to a file or folder."""
    for table in tables_of(expansions, store):
        write_export(table, fmt, output)
