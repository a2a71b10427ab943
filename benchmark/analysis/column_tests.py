"""Every row of a table against its reference, column by column, as a table beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.analysis.aggregate import Values
from benchmark.analysis.cells import unit_means
from benchmark.analysis.statistics.ratio import Sizes, ratio_of_runs
from benchmark.analysis.statistics.reference import Versus, compare_to_reference
from benchmark.analysis.tested import how_tested, p_text, remark
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.manifest.expand import Expansion
from benchmark.manifest.schema import Manifest
from benchmark.render.table import Cell, Column, Difference, Row, Table, Text

#: Name of this table among those that go with a measured one.
TESTS = "tests"


@dataclass(frozen=True)
class ColumnTests:
    """The tests of one column.

    Attributes:
        versus: By row key, the reference left out; empty where the reference has no number.
        over_folds: Whether units are folds or random splits, which share training rows.
        units: Folds, splits or seeds of the reference.
    """

    versus: Mapping[str, Versus]
    over_folds: bool
    units: int


def choose_row(manifest: Manifest, name: str) -> str:
    """Return the row that others are tested against: the one named, else the manifest's reference.

    Args:
        manifest: Of the table.
        name: Row key or label; empty takes the manifest's.

    Raises:
        UnknownNameError: No row is called so.
        UsageError: Neither is there.
    """
    if not name:
        if manifest.reference is None:
            raise UsageError(
                f"{manifest.id} names no reference to test against",
                f"--reference ROW, one of {', '.join(row.key for row in manifest.rows)}",
            )
        return manifest.reference
    for row in manifest.rows:
        if name.lower() in (row.key.lower(), row.label.lower()):
            return row.key
    raise UnknownNameError("reference", name, [row.key for row in manifest.rows])


def column_tests(
    expansion: Expansion, values: Values, reference: str, sizes: Sizes
) -> dict[str, ColumnTests]:
    """Test every row against the reference, column by column.

    Args:
        expansion: Rows, columns and runs.
        values: Of :func:`benchmark.analysis.aggregate.cell_values`.
        reference: Row key.
        sizes: Rows by part of a run, for the correction of tests over folds.

    Returns:
        By column key; columns that the reference does not have are left out.
    """
    specs = {run.spec.fingerprint: run.spec for run in expansion.runs}
    found = {}
    for column in expansion.manifest.table_columns():
        cell = expansion.cells.get((reference, column.key))
        if cell is not None:
            units = {
                row: unit_means(own) for (row, key), own in values.items() if key == column.key
            }
            ratio = ratio_of_runs([specs[run.fingerprint] for run in cell], sizes)
            found[column.key] = ColumnTests(
                versus=compare_to_reference(units, reference, ratio) if units[reference] else {},
                over_folds=ratio != 0,
                units=len(units[reference]),
            )
    return found


def tests_table(measured: Table, reference: str, tests: Mapping[str, ColumnTests]) -> Table | None:
    """Return differences to the reference with intervals and p-values; None without any test.

    Args:
        measured: Of :func:`benchmark.analysis.aggregate.build_table`; its rows and columns count.
        reference: Row key.
        tests: Of :func:`column_tests`.
    """
    columns = [one for one in measured.columns if one.key in tests and tests[one.key].versus]
    labels = {row.key: row.label for row in measured.rows}
    if not columns or reference not in labels:
        return None
    folds, seeds = (_labels(columns, tests, over_folds) for over_folds in (True, False))
    return replace(
        measured,
        id=f"{measured.id}/{TESTS}",
        title=f"Differences to {labels[reference]}",
        columns=tuple(one for column in columns for one in _pair(column)),
        rows=tuple(
            replace(row, cells=_cells(row.key, columns, tests))
            for row in measured.rows
            if row.key != reference
        ),
        caption=how_tested(folds, seeds),
        notes=tuple(_notes(measured.rows, columns, tests)),
        facts={**measured.facts, "reference": reference},
        further={},
    )


def _pair(column: Column) -> tuple[Column, Column]:
    return (
        Column(f"{column.key}/difference", f"{column.label} difference (95 %)", column.group),
        Column(f"{column.key}/p", "p", column.group),
    )


def _cells(
    row: str, columns: Sequence[Column], tests: Mapping[str, ColumnTests]
) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for column in columns:
        versus = tests[column.key].versus.get(row)
        if versus is not None and (mean := versus.result.mean) is not None:
            ends = versus.result.low, versus.result.high
            cells[f"{column.key}/difference"] = Difference(mean, *ends)
            if versus.adjusted is not None:
                cells[f"{column.key}/p"] = Text(p_text(versus.adjusted))
    return cells


def _labels(
    columns: Sequence[Column], tests: Mapping[str, ColumnTests], over_folds: bool
) -> list[str]:
    found = [
        one.group
        for one in columns
        if tests[one.key].over_folds is over_folds
        and any(versus.result.p is not None for versus in tests[one.key].versus.values())
    ]
    return list(dict.fromkeys(found))


def _notes(
    rows: Sequence[Row], columns: Sequence[Column], tests: Mapping[str, ColumnTests]
) -> list[str]:
    lines: list[str] = []
    for column in columns:
        of_column = tests[column.key]
        for row in rows:
            if row.key in of_column.versus:
                label = f"{row.label}, {column.group}, {column.label}"
                lines += remark(label, of_column.versus[row.key], of_column.units)
    return lines
