"""Bootstrap intervals as a table beside the measured one."""

from __future__ import annotations

from dataclasses import replace

from benchmark.analysis.intervals import RESAMPLES, Intervals
from benchmark.render.table import Cell, Measured, Row, Table

#: Names of these tables among those that go with a measured one.
INTERVALS, POOLED = "intervals", "pooled"
_ENDS = f"95 % percentile bootstrap interval, {RESAMPLES} resamples"


def intervals_table(measured: Table, found: Intervals) -> Table:
    """Return the rows and columns of a measured table with intervals in place of spreads.

    Args:
        measured: Of :func:`benchmark.analysis.aggregate.build_table`.
        found: Of :func:`benchmark.analysis.intervals.cell_intervals`.
    """
    caption = (
        f"Mean over seeds ({_ENDS} of the test part: patients are drawn whole; where each has one "
        "sample, classes keep the shares a stratified split gave them).",
        "It says what other test samples would do to these trained models, not what another "
        "training would.",
    )
    return _table(measured, found, INTERVALS, "intervals over test samples", caption)


def pooled_table(measured: Table, found: Intervals) -> Table:
    """Return the rows and columns of a measured table with metrics over all folds' test parts.

    Args:
        measured: Of :func:`benchmark.analysis.aggregate.build_table`.
        found: Of :func:`benchmark.analysis.pooled.pooled_intervals`.
    """
    caption = (
        f"Metrics of the test predictions of all folds together, mean over seeds ({_ENDS} of the "
        "patients, drawn whole).",
        "Scores of the folds' models are ranked against each other, so that constant ones fall "
        "below 0.5. The interval says what other patients would do to these trained models, not "
        "what another training would.",
    )
    return _table(measured, found, POOLED, "test predictions of all folds together", caption)


def _table(
    measured: Table, found: Intervals, name: str, title: str, caption: tuple[str, ...]
) -> Table:
    return replace(
        measured,
        id=f"{measured.id}/{name}",
        title=title,
        rows=tuple(_row(row, found) for row in measured.rows if _any(row, found)),
        caption=caption,
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
                cell,
                mean=one.value,
                std=None,
                mark="",
                low=one.low,
                high=one.high,
                reason=one.note,
            )
    return replace(row, cells=cells)
