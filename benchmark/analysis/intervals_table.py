"""Bootstrap intervals as a table beside the measured one."""

from __future__ import annotations

from dataclasses import replace

from benchmark.analysis.intervals import RESAMPLES, Intervals
from benchmark.render.table import Cell, Measured, Row, Table

#: Name of this table among those that go with a measured one.
INTERVALS = "intervals"


def intervals_table(measured: Table, found: Intervals) -> Table:
    """Return the rows and columns of a measured table with intervals in place of spreads.

    Args:
        measured: Of :func:`benchmark.analysis.aggregate.build_table`.
        found: Of :func:`benchmark.analysis.intervals.cell_intervals`.
    """
    return replace(
        measured,
        id=f"{measured.id}/{INTERVALS}",
        title="intervals over test samples",
        rows=tuple(_row(row, found) for row in measured.rows if _any(row, found)),
        caption=(
            f"Mean over seeds (95 % percentile bootstrap interval, {RESAMPLES} resamples of the "
            "test part: patients are drawn whole; where each has one sample, classes keep the "
            "shares a stratified split gave them).",
            "It says what other test samples would do to these trained models, not what another "
            "training would.",
        ),
        notes=(),
        further={},
    )


def _any(row: Row, found: Intervals) -> bool:
    return any((row.key, key) in found for key in row.cells)


def _row(row: Row, found: Intervals) -> Row:
    cells: dict[str, Cell] = {}
    for key, cell in row.cells.items():
        one = found.get((row.key, key))
        if one is not None and isinstance(cell, Measured):
            cells[key] = replace(
                cell, std=None, mark="", low=one.low, high=one.high, reason=one.note
            )
    return replace(row, cells=cells)
