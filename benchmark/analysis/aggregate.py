"""From an expansion and stored results to the table that is rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.analysis.captions import caption, facts, notes, sources_of, warnings
from benchmark.analysis.cells import Aggregate, CellValue, aggregate
from benchmark.analysis.marks import mark_column
from benchmark.analysis.numbers import direction, metric_label, shown_digits
from benchmark.analysis.statistics.ratio import split_name
from benchmark.analysis.values import Asked, Found, shown_values
from benchmark.core.spec import RunSpec
from benchmark.manifest.expand import Expansion
from benchmark.manifest.schema import TableColumn
from benchmark.render.table import Cell, Column, Measured, Row, Table

if TYPE_CHECKING:
    from pandas import DataFrame

Aggregates = dict[tuple[str, str], Aggregate]
#: Planned runs with their values by row and column key.
Values = dict[tuple[str, str], list[CellValue]]
#: What several splits are called, by their kind.
_UNITS = {"ratio": "random splits", "files": "folds from files"}


def build_table(
    expansion: Expansion, view: DataFrame, statuses: Mapping[str, str] | None = None
) -> Table:
    """Aggregate the runs of a table.

    Args:
        expansion: Rows, columns and the runs behind each cell.
        view: Of ``benchmark.store.view.load_view``.
        statuses: Stored status by fingerprint, to name the runs that are missing; runs that are
            in ``view`` may be left out.
    """
    stored = {**dict(zip(view["fingerprint"], view["status"], strict=True)), **(statuses or {})}
    columns = [one for one in expansion.manifest.table_columns() if _is_used(one, expansion)]
    values = cell_values(expansion, columns, view, stored)
    aggregates = {key: aggregate(cell) for key, cell in values.items()}
    rows = _rows(expansion, columns, aggregates)
    heads = _columns(columns, sources_of(expansion))
    for head in () if expansion.manifest.unranked else heads:
        rows = mark_column(rows, head)
    return Table(
        id=expansion.manifest.id,
        title=expansion.manifest.title,
        columns=tuple(heads),
        rows=tuple(rows),
        caption=caption(expansion, aggregates.values()),
        notes=notes(expansion, aggregates, stored),
        warnings=warnings(expansion),
        facts=facts(expansion, aggregates.values()),
    )


def _is_used(column: TableColumn, expansion: Expansion) -> bool:
    return any(key == column.key for _, key in expansion.cells)


def cell_values(
    expansion: Expansion,
    columns: Sequence[TableColumn],
    view: DataFrame,
    statuses: Mapping[str, str],
) -> Values:
    """Return what each planned run of each cell gave.

    Args:
        expansion: Runs and cells.
        columns: Columns wanted; cells of others are left out.
        view: Of ``benchmark.store.view.load_view``.
        statuses: Stored status by fingerprint, of all runs that are stored.
    """
    runs = {run.spec.fingerprint: run.spec for run in expansion.runs}
    picks = {run.pick for cell in expansion.cells.values() for run in cell}
    found = shown_values(view, runs, picks)
    splits = {name: split_name(spec.split) for name, spec in runs.items()}
    metrics = {column.key: column.metric for column in columns}
    result: Values = {}
    for (row, column), cell in expansion.cells.items():
        if column not in metrics:
            continue
        for fingerprint, dataset, task, pick in cell:
            asked = Asked(fingerprint, dataset, task, metrics[column], pick)
            value = cell_value(asked, found, statuses, runs[fingerprint], splits[fingerprint])
            result.setdefault((row, column), []).append(value)
    return result


def cell_value(
    asked: Asked,
    found: Mapping[Asked, Found],
    statuses: Mapping[str, str],
    spec: RunSpec,
    split: str,
) -> CellValue:
    """Return what one planned run gave, or why it gave nothing.

    Args:
        asked: Number wanted.
        found: Of :func:`benchmark.analysis.values.shown_values`.
        statuses: Stored status by fingerprint.
        spec: The run.
        split: Its :func:`benchmark.analysis.statistics.ratio.split_name`.
    """
    one = found.get(asked)
    status = statuses.get(asked.fingerprint, "")
    return CellValue(
        split=split,
        seed=spec.seed,
        value=one.value if one else None,
        reason=one.reason if one else _why_absent(asked, status),
        undefined=one is not None and one.value is None,
        unit=_UNITS.get(spec.split.kind, "folds"),
    )


def _why_absent(asked: Asked, status: str) -> str:
    """Say why a run has no such row; nothing where the run has not been done."""
    if status == "ok":
        of = f" of {asked.pick}" if str(asked.pick) else ""
        return f"{asked.metric}{of} was not computed"
    return f"ended in {status}" if status else ""


def _rows(
    expansion: Expansion, columns: Sequence[TableColumn], aggregates: Aggregates
) -> list[Row]:
    keys = {row for row, _ in aggregates}
    return [
        Row(
            key=row.key,
            label=row.label,
            group=row.group,
            cells={
                column.key: _measured(aggregates[row.key, column.key], column)
                for column in columns
                if (row.key, column.key) in aggregates
            },
        )
        for row in expansion.manifest.rows
        if row.key in keys
    ]


def _measured(value: Aggregate, column: TableColumn) -> Cell:
    return Measured(
        mean=value.mean,
        std=value.std,
        n=value.n,
        planned=value.planned,
        digits=shown_digits(column.metric, value.mean),
        reason="; ".join(value.absences),
        units=value.units,
        undefined=value.undefined,
    )


def _columns(columns: Sequence[TableColumn], sources: Mapping[str, str]) -> list[Column]:
    labels = {one.key: one.label or metric_label(one.metric, one.pick) for one in columns}
    doubles = Counter((one.dataset, one.task, labels[one.key]) for one in columns)
    return [
        Column(
            key=one.key,
            label=(
                labels[one.key]
                if doubles[one.dataset, one.task, labels[one.key]] == 1
                else one.metric
            ),
            group=f"{one.dataset}: {one.task}" if one.task else one.dataset,
            higher_is_better=direction(one.metric),
            source=sources.get(one.dataset, ""),
        )
        for one in columns
    ]
