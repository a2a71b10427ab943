"""A paper's printed table as the :class:`Table` that every output format renders."""

from __future__ import annotations

from benchmark.manifest.printed_schema import (
    PrintedCell,
    PrintedColumn,
    PrintedTable,
    Spread,
    number,
)
from benchmark.render.table import Cell, Column, Printed, Row, Table, Text

UNITS = {
    "fraction": "fractions",
    "percent": "percent",
    "nats": "nats",
    "seconds": "seconds",
    "parameters": "numbers of parameters",
    "GFLOPs": "GFLOPs",
}
_SPREADS = {
    "std": "± is the standard deviation",
    "variance": "± is the variance",
    "unknown": "± is not explained",
}


def to_table(printed: PrintedTable) -> Table:
    """Return the table as the paper has it.

    Printed changes against another table (``delta``) become columns of their own, headed ``Δ``.
    A cell the paper calls not applicable reads ``n/a``; a lost or undefined number keeps its cell
    with no mean; a pair the paper has no place for has no cell.
    """
    with_delta = {column.key for _, column, cell in printed.cells() if cell.delta is not None}
    columns: list[Column] = []
    for column in printed.columns:
        columns.append(_column(column))
        if column.key in with_delta:
            columns.append(Column(_delta(column.key), "Δ", column.group))
    return Table(
        id=printed.id,
        title=printed.title,
        columns=tuple(columns),
        rows=_rows(printed),
        caption=(
            f"{printed.where} of the paper.",
            unit_text(printed),
            spread_text(printed.spread),
            *_emphasis(printed),
        ),
        notes=(*printed.notes, *_cell_notes(printed)),
        stub=printed.stub,
    )


def unit_text(printed: PrintedTable) -> str:
    """Say which units the table and its columns have."""
    names = dict.fromkeys(printed.unit_of(column.key) for column in printed.columns)
    if len(names) == 1:
        return f"Unit: {UNITS[next(iter(names))]}."
    parts = [f"{UNITS[unit]} ({', '.join(_heads(printed, unit))})" for unit in names]
    return f"Units: {'; '.join(parts)}."


def spread_text(spread: Spread) -> str:
    """Say what stands behind ``±``, over how many values, and how that is known."""
    if spread.kind == "none":
        return f"No spread is printed{f' ({_count(spread)})' if spread.n else ''}."
    words = [_SPREADS[spread.kind]]
    if spread.over:
        words.append(f"over {_count(spread)}")
    details = [f"ddof {spread.ddof}"] if spread.ddof is not None else []
    if spread.note:
        details.append(spread.note)
    if details:
        words.append(f"({'; '.join(details)})")
    return " ".join(words) + "."


def _emphasis(printed: PrintedTable) -> tuple[str, ...]:
    if any(cell.flags for _, _, cell in printed.cells()):
        return ("Emphasis is the paper's, as far as it survived.",)
    return ()


def _count(spread: Spread) -> str:
    if spread.n == 1:
        return f"1 {spread.over.removesuffix('s')}"
    return f"{spread.n or 'an unknown number of'} {spread.over}"


def _heads(printed: PrintedTable, unit: str) -> list[str]:
    return list(
        dict.fromkeys(one.label for one in printed.columns if printed.unit_of(one.key) == unit)
    )


def _column(column: PrintedColumn) -> Column:
    return Column(column.key, column.label, column.group, column.higher_is_better)


def _rows(printed: PrintedTable) -> tuple[Row, ...]:
    rows = []
    for row in printed.rows:
        cells: dict[str, Cell] = {}
        for key, cell in row.cells.items():
            cells[key] = cell_of(cell)
            if cell.delta is not None:
                cells[_delta(key)] = Printed(number(cell.delta), mean_text=cell.delta)
        rows.append(Row(row.key, row.label, cells, row.group))
    return tuple(rows)


def cell_of(cell: PrintedCell) -> Cell:
    """Return a printed cell; ``n/a`` where the paper calls it not applicable."""
    if not cell.applicable:
        return Text("n/a")
    return Printed(
        mean=cell.mean,
        spread=cell.spread_value,
        mean_text=cell.value or "",
        spread_text=cell.spread or "",
        vector=cell.vector,
        flags=cell.flags,
        note=cell.note,
    )


def _cell_notes(printed: PrintedTable) -> list[str]:
    """Gather doubts about single cells, one line for all cells that share a text."""
    places: dict[str, list[str]] = {}
    for row, column, cell in printed.cells():
        if cell.note:
            places.setdefault(cell.note, []).append(f"{row.label} on {column.label}")
    return [f"{', '.join(where)}: {text}" for text, where in places.items()]


def _delta(key: str) -> str:
    return f"{key}.delta"
