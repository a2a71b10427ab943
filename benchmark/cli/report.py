"""``mmbench report`` and ``export``: tables from what is stored, without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analysis.aggregate import build_table, cell_values
from benchmark.analysis.figures import table_figures
from benchmark.analysis.paper_diff import compare_with_paper
from benchmark.analysis.paper_table import AGAINST_PAPER, against_paper
from benchmark.analysis.rescore import completed_view
from benchmark.analysis.statistics.ratio import counted_ratio, nominal_ratio
from benchmark.cli._console import say
from benchmark.cli._figures import write_figures
from benchmark.cli.export import write_exports
from benchmark.core.spec import RunSpec
from benchmark.manifest.expand import Expansion
from benchmark.manifest.printed import find_printed, load_printed
from benchmark.render.table import Table
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

if TYPE_CHECKING:
    from pandas import DataFrame


def tables_of(
    expansions: Sequence[Expansion], store: RunStore, intervals: bool = False
) -> list[Table]:
    """Aggregate what is stored for each table; set it against the paper's numbers if there are any.

    Args:
        expansions: One per table.
        store: Results.
        intervals: Add bootstrap intervals of cells over one split; takes a while.
    """
    view = completed_view(load_view(store), expansions, store.read_predictions)
    known = dict(zip(view["fingerprint"], view["status"], strict=True))
    tables = []
    for expansion in expansions:
        statuses = _statuses(expansion, known, store)
        table = build_table(expansion, view, statuses)
        further = _against_paper(table, expansion, view, statuses, store)
        if intervals:
            further |= _intervals(table, expansion, store)
        tables.append(replace(table, further=further))
    return tables


def report_expansions(
    expansions: Sequence[Expansion],
    store: RunStore,
    fmt: str,
    output: Path | None = None,
    intervals: bool = False,
) -> list[Table]:
    """Render the tables to stdout, or to a file or folder, and return them."""
    tables = tables_of(expansions, store, intervals)
    write_exports(tables, fmt, output)
    return tables


def draw_expansions(
    expansions: Sequence[Expansion], tables: Sequence[Table], store: RunStore, folder: Path
) -> None:
    """Draw the figures of tables into a folder.

    Args:
        expansions: One per table.
        tables: Of :func:`tables_of`, in the same order.
        store: Results.
        folder: Made if it is not there.
    """
    view = completed_view(load_view(store), expansions, store.read_predictions)
    known = dict(zip(view["fingerprint"], view["status"], strict=True))
    for expansion, table in zip(expansions, tables, strict=True):
        columns = list(expansion.manifest.table_columns())
        values = cell_values(expansion, columns, view, _statuses(expansion, known, store))
        write_figures(folder, partial(table_figures, table, values))


def _statuses(expansion: Expansion, known: Mapping[str, str], store: RunStore) -> dict[str, str]:
    """Return how the stored runs ended; only runs without rows are looked up one by one."""
    names = (run.spec.fingerprint for run in expansion.runs)
    return {**known, **store.statuses(name for name in names if name not in known)}


def _against_paper(
    table: Table,
    expansion: Expansion,
    view: DataFrame,
    statuses: Mapping[str, str],
    store: RunStore,
) -> dict[str, Table]:
    path = find_printed(expansion.manifest.id)
    if path is None:
        return {}
    printed = load_printed(path)
    values = cell_values(expansion, list(expansion.manifest.table_columns()), view, statuses)

    def ratio_of(spec: RunSpec) -> float | None:
        return nominal_ratio(spec.split) or _counted(store, spec)

    cells = compare_with_paper(expansion, printed, values, ratio_of)
    return (
        {AGAINST_PAPER: against_paper(expansion.manifest, printed, cells, table)} if cells else {}
    )


def _counted(store: RunStore, spec: RunSpec) -> float | None:
    result = store.plain(spec.fingerprint)
    return counted_ratio(result["info"].get("samples", {})) if result else None


def _intervals(table: Table, expansion: Expansion, store: RunStore) -> dict[str, Table]:
    from benchmark.analysis.intervals import cell_intervals, over_one_split
    from benchmark.analysis.intervals_table import INTERVALS, intervals_table

    count = len(over_one_split(expansion))
    if not count:
        say(f"{table.id}: every cell is over several splits, whose ± stands for other test samples")
        return {}
    say(f"{table.id}: resampling the test samples of {count} cells")
    found = cell_intervals(expansion, store.read_predictions)
    if not found:
        say(f"{table.id}: no cell has the stored predictions of all its runs")
        return {}
    return {INTERVALS: intervals_table(table, found)}
