"""Tables of I2MoE: what they share, what they are printed as, and the ten printed counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from benchmark.analysis.paper_match import pairs
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.printed import load_printed
from benchmark.manifest.printed_schema import PrintedTable, number
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request
from benchmark.manifest.tables import resolve_table
from benchmark.measures.execute import carry_out
from benchmark.training.execute import ExecutionContext

TABLES = ["table1", "table2", "table3", "table4", "table5", "table6"]


def _manifest(name: str) -> Manifest:
    path = resolve_table(f"i2moe/{name}").manifest
    assert path is not None
    return load_manifest(path)


def _printed(name: str) -> PrintedTable:
    path = resolve_table(f"i2moe/{name}").printed
    assert path is not None
    return load_printed(path)


def _expanded(name: str, paths: Paths, variant: str = "described") -> Expansion:
    context = DataContext(paths, "synthetic")
    return expand(_manifest(name), Request(context, profile="demo", variant=variant))


def _silent(event: str, facts: Mapping[str, Any]) -> None:
    """Progress that nobody follows."""


@pytest.mark.parametrize("variant", ["described", "released"])
@pytest.mark.parametrize("name", [*TABLES, "experts"])
def test_every_cell_of_every_table_has_a_run(name: str, variant: str, paths: Paths) -> None:
    found = _expanded(name, paths, variant)
    rows = {row.key for row in found.manifest.rows}
    columns = {column.key for column in found.manifest.table_columns()}
    lacking = {(row, column) for row in rows for column in columns} - set(found.cells)
    if name == "experts":
        lacking = {(row, column) for row, column in lacking if not row.startswith("uniqueness_")}
    assert not lacking
    assert all(found.cells.values())


@pytest.mark.parametrize("name", TABLES)
def test_every_printed_number_has_its_cell(name: str, paths: Paths) -> None:
    printed = _printed(name)
    found = [(pair.row, pair.printed_column.key) for pair in pairs(_manifest(name), printed)]
    assert sorted(found) == sorted((row.key, cell) for row in printed.rows for cell in row.cells)


def test_random_masks_and_the_ablated_model_are_the_runs_of_table_1(paths: Paths) -> None:
    whole = {run.spec.fingerprint for run in _expanded("table1", paths).runs}
    for name, row in (("table4", "i2moe_mult"), ("table5", "random")):
        found = _expanded(name, paths)
        cells = [cell for (key, _), cell in found.cells.items() if key == row]
        own = {one.fingerprint for cell in cells for one in cell}
        assert own
        assert own <= whole
        others = {run.spec.fingerprint for run in found.runs} - own
        assert others
        assert not others & whole


def test_the_ten_printed_counts_are_met_exactly(paths: Paths) -> None:
    counts = {}
    context = ExecutionContext(paths, "synthetic", "cpu", None, _silent)
    for run in _expanded("table6", paths).runs:
        if run.spec.analysis and run.spec.analysis.name == "parameters":
            done = carry_out(run.spec, context, [])
            counted = {row.metric: row.value for row in done.rows}
            place = (run.uses[0].row, run.spec.components[0].dataset)
            counts[place] = counted["parameters_fusion"]
    printed = {
        (row.key, column.dataset): number(row.cells[column.key].value or "")
        for row in _printed("table6").rows
        for column in _printed("table6").columns
        if column.metric == "parameters"
    }
    assert len(printed) == 10
    assert counts == printed
