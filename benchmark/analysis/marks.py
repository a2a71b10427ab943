"""Best and second best of a column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from benchmark.render.table import Column, Mark, Measured, Row

_TOLERANCE = 1e-12


def mark_column(rows: Sequence[Row], column: Column) -> list[Row]:
    """Mark the best and the second best mean, before rounding; ties share a mark.

    Every row competes, controls too: a method that does not beat them should be seen at once.
    Cells with runs missing do not compete, nor does a column without a direction or with fewer
    than two complete cells.
    """
    means = {row.key: mean for row in rows if (mean := _complete(row, column)) is not None}
    if column.higher_is_better is None or len(means) < 2:
        return list(rows)
    ranked = sorted(means.values(), reverse=column.higher_is_better)
    best = ranked[0]
    others = [mean for mean in ranked if not _equal(mean, best)]
    marks: dict[str, Mark] = {}
    for key, mean in means.items():
        if _equal(mean, best):
            marks[key] = "best"
        elif _equal(mean, others[0]):
            marks[key] = "second"
    return [_marked(row, column, marks.get(row.key, "")) for row in rows]


def _complete(row: Row, column: Column) -> float | None:
    cell = row.cells.get(column.key)
    return cell.mean if isinstance(cell, Measured) and cell.n == cell.planned else None


def _equal(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=0, abs_tol=_TOLERANCE)


def _marked(row: Row, column: Column, mark: Mark) -> Row:
    cell = row.cells.get(column.key)
    if not mark or not isinstance(cell, Measured):
        return row
    return replace(row, cells={**row.cells, column.key: replace(cell, mark=mark)})
