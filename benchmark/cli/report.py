"""``mmbench report`` and ``export``: tables from what is stored, without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmark.analysis.aggregate import Values, build_table, cell_values
from benchmark.analysis.column_tests import TESTS, choose_row, column_tests, tests_table
from benchmark.analysis.figures import table_figures
from benchmark.analysis.own_figures import OwnFigures
from benchmark.analysis.paper_diff import compare_with_paper
from benchmark.analysis.paper_table import AGAINST_PAPER, against_paper, folded
from benchmark.analysis.rescore import completed_view
from benchmark.analysis.statistics.ratio import Sizes, counted_ratio, nominal_ratio
from benchmark.cli._console import say
from benchmark.cli._figures import write_figures
from benchmark.cli.export import write_exports
from benchmark.core.spec import RunSpec
from benchmark.manifest.expand import Expansion
from benchmark.manifest.printed import find_printed, load_printed
from benchmark.render.table import Table
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view


@dataclass(frozen=True)
class Beside:
    """What goes with a table besides the paper's numbers.

    Attributes:
        intervals: Bootstrap intervals of cells over one split, or over all folds of one division
            together; takes a while.
        tests: Tests of every row against the reference.
        reference: Row to test against; empty takes the manifest's.
    """

    intervals: bool = False
    tests: bool = False
    reference: str = ""


def tables_of(
    expansions: Sequence[Expansion], store: RunStore, beside: Beside = Beside()
) -> list[Table]:
    """Aggregate what is stored for each table; set it against the paper's numbers if there are any.

    Args:
        expansions: One per table.
        store: Results.
        beside: What else goes with the tables.

    Raises:
        UsageError: Tests are asked for, and neither a table nor the caller names a reference.
        UnknownNameError: A table has no row called like the reference.
    """
    rows = [_reference(one, beside) for one in expansions]
    view = completed_view(load_view(store), expansions, store.read_predictions)
    known = dict(zip(view["fingerprint"], view["status"], strict=True))
    tables = []
    for expansion, row in zip(expansions, rows, strict=True):
        statuses = _statuses(expansion, known, store)
        table = build_table(expansion, view, statuses)
        values = cell_values(expansion, list(expansion.manifest.table_columns()), view, statuses)
        further = _against_paper(table, expansion, values, store)
        if beside.tests:
            further |= _tests(table, expansion, values, row, store)
        if beside.intervals:
            further |= _intervals(table, expansion, store)
        tables.append(replace(table, further=further))
    return tables


def report_expansions(
    expansions: Sequence[Expansion],
    store: RunStore,
    fmt: str,
    output: Path | None = None,
    beside: Beside = Beside(),
    brief: bool = False,
) -> list[Table]:
    """Render the tables to stdout, or to a file or folder, and return them.

    Args:
        expansions: One per table.
        store: Results.
        fmt: Output format.
        output: File or folder; None is stdout.
        beside: What else goes with the tables.
        brief: Leave out comparisons with a paper that no number allows.
    """
    tables = tables_of(expansions, store, beside)
    if brief:
        tables = [folded(table) for table in tables]
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
        own = OwnFigures(expansion, table, view, store.read_samples, store.plain)
        write_figures(folder, own.draw)
        for one in own.missing:
            say(f"figure not drawn: {one}: nothing of the kind is stored, or it must not be shown")


def _statuses(expansion: Expansion, known: Mapping[str, str], store: RunStore) -> dict[str, str]:
    """Return how the stored runs ended; only runs without rows are looked up one by one."""
    names = (run.spec.fingerprint for run in expansion.runs)
    return {**known, **store.statuses(name for name in names if name not in known)}


def _against_paper(
    table: Table, expansion: Expansion, values: Values, store: RunStore
) -> dict[str, Table]:
    path = find_printed(expansion.manifest.id)
    if path is None:
        return {}
    printed = load_printed(path)

    def ratio_of(spec: RunSpec) -> float | None:
        return nominal_ratio(spec.split) or _counted(store, spec)

    cells = compare_with_paper(expansion, printed, values, ratio_of)
    return (
        {AGAINST_PAPER: against_paper(expansion.manifest, printed, cells, table)} if cells else {}
    )


def _counted(store: RunStore, spec: RunSpec) -> float | None:
    return counted_ratio(sizes_in(store)(spec.fingerprint) or {})


def sizes_in(store: RunStore) -> Sizes:
    """Return what tells the rows by part of a stored run."""

    def sizes(fingerprint: str) -> Mapping[str, int] | None:
        stored = store.plain(fingerprint)
        found: Mapping[str, int] | None = stored["info"].get("samples") if stored else None
        return found

    return sizes


def _reference(expansion: Expansion, beside: Beside) -> str:
    return choose_row(expansion.manifest, beside.reference) if beside.tests else ""


def _tests(
    table: Table, expansion: Expansion, values: Values, row: str, store: RunStore
) -> dict[str, Table]:
    tests = column_tests(expansion, values, row, sizes_in(store))
    found = tests_table(table, row, tests)
    if found is None:
        say(f"{table.id}: nothing to test: {row} has no results here, or no other row has")
        return {}
    return {TESTS: found}


def _intervals(table: Table, expansion: Expansion, store: RunStore) -> dict[str, Table]:
    from benchmark.analysis.intervals import cell_intervals, over_one_split
    from benchmark.analysis.intervals_table import (
        INTERVALS,
        POOLED,
        intervals_table,
        pooled_table,
    )
    from benchmark.analysis.pooled import over_all_folds, pooled_intervals

    count = len(over_one_split(expansion)) + len(over_all_folds(expansion))
    if not count:
        say(f"{table.id}: every cell is over several splits, whose ± stands for other test samples")
        return {}
    say(f"{table.id}: resampling the test samples of {count} cells")
    alone = cell_intervals(expansion, store.read_predictions)
    pooled = pooled_intervals(expansion, store.read_predictions)
    if not alone and not pooled:
        say(f"{table.id}: no cell has the stored predictions of all its runs")
    found = {INTERVALS: intervals_table(table, alone)} if alone else {}
    return found | ({POOLED: pooled_table(table, pooled)} if pooled else {})
