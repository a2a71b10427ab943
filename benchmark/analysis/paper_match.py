"""Which printed number belongs to which cell of a manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmark.core.result import USUAL
from benchmark.manifest.printed_schema import PrintedCell, PrintedColumn, PrintedTable
from benchmark.manifest.schema import Manifest, TableColumn


@dataclass(frozen=True)
class Pair:
    """A cell of the manifest and what the paper prints for it.

    Attributes:
        row: Row key, the same in both.
        column: Column of the manifest.
        printed_column: Column of the paper.
        printed: The paper's cell.
    """

    row: str
    column: TableColumn
    printed_column: PrintedColumn
    printed: PrintedCell


def pairs(manifest: Manifest, printed: PrintedTable) -> Iterator[Pair]:
    """Yield every printed cell that the manifest reproduces, in the manifest's order.

    Rows belong together by key. Columns belong together by dataset, task and metric; where several
    printed columns have the same, the manifest names the one it means (``printed:`` of its column).
    """
    rows = {row.key: row for row in printed.rows}
    columns = matched_columns(manifest, printed)
    for row in manifest.rows:
        for column in manifest.table_columns():
            there = columns.get(column.key)
            cell = rows[row.key].cells.get(there.key) if there and row.key in rows else None
            if there is not None and cell is not None:
                yield Pair(row.key, column, there, cell)


def matched_columns(manifest: Manifest, printed: PrintedTable) -> Mapping[str, PrintedColumn]:
    """Return the printed column of each column of the manifest that has one, by column key."""
    named = {
        TableColumn(entry.dataset, entry.task, metric, entry.pick.on(USUAL)).key: key
        for entry in manifest.columns
        for metric, key in entry.printed.items()
    }
    found = {}
    for column in manifest.table_columns():
        if column.key in named:
            found[column.key] = printed.column(named[column.key])
            continue
        same = [one for one in printed.columns if _same(manifest, column, one)]
        # A paper prints a model's own scores unless a manifest says that it means another value.
        if len(same) == 1 and column.pick == USUAL:
            found[column.key] = same[0]
    return found


def unmatched(manifest: Manifest, printed: PrintedTable) -> tuple[str, ...]:
    """Say which printed rows and columns have no counterpart, and which of ours are not printed."""
    columns = matched_columns(manifest, printed)
    used = {one.key for one in columns.values()}
    ours, theirs = {row.key for row in manifest.rows}, {row.key for row in printed.rows}
    lines = {
        "Rows only in the paper": [row.label for row in printed.rows if row.key not in ours],
        "Rows the paper does not have": [
            row.label for row in manifest.rows if row.key not in theirs
        ],
        "Columns only in the paper": [one.key for one in printed.columns if one.key not in used],
        "Columns the paper does not have": [
            one.key for one in manifest.table_columns() if one.key not in columns
        ],
    }
    return tuple(f"{head}: {', '.join(names)}." for head, names in lines.items() if names)


def _same(manifest: Manifest, column: TableColumn, printed: PrintedColumn) -> bool:
    names = {column.dataset, manifest.datasets[column.dataset].loader or column.dataset}
    place = (printed.task, printed.metric) == (column.task, column.metric)
    return place and printed.dataset in names
