"""Cost tables: notes on how figures were taken, and counts against printed ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.analysis.aggregate import build_table, cell_values
from benchmark.analysis.paper_diff import compare_with_paper, decimals
from benchmark.analysis.paper_table import against_paper
from benchmark.core.paths import Paths
from benchmark.core.result import MetricRow, RunResult
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.printed import load_printed
from benchmark.manifest.selection import Request
from benchmark.render.markdown import render
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

MANIFEST = """\
schema_version: 1
id: m4oe/table13
title: What they cost
kind: cost
datasets:
  planted: {options: {n: 60}}
columns:
  - {dataset: planted, metrics: [train_seconds_epoch, gflops, parameters],
     printed: {train_seconds_epoch: train_s, parameters: params}}
settings:
  encoders: {"*": {name: mlp}}
rows:
  - {key: early, label: Early, kind: measure, model: early_fusion}
  - {key: late, label: Late, kind: measure, model: late_fusion}
sources:
  settings: "ours: a test"
  datasets: "ours: a test"
"""
PRINTED = """\
schema_version: 1
id: m4oe/table13
paper: m4oe
title: What they cost
where: Table 13
unit: seconds
spread: {kind: none}
columns:
  - {key: train_s, label: Train, dataset: planted, metric: train_seconds, definition: unknown,
     higher_is_better: false}
  - {key: params, label: Parameters, dataset: planted, metric: parameters, definition: parameters,
     higher_is_better: false, unit: parameters}
rows:
  - {key: early, label: Early, cells: {train_s: "1.15", params: 120.4M}}
  - {key: late, label: Late, cells: {train_s: "1.01", params: "1072131"}}
"""
#: By row: seconds and number of parameters.
FOUND = {"early": (0.0123456, 120_439_000.0), "late": (2.0, 1_072_132.0)}
HOW = "Quick CPU, 1 CPU thread, fp32: median of 5 passes"

Made = Callable[[], tuple[Expansion, RunStore]]


@pytest.fixture
def measured(tmp_path: Path, paths: Paths) -> tuple[Expansion, RunStore]:
    """The table with every run stored."""
    path = tmp_path / "table13.yaml"
    path.write_text(MANIFEST)
    expansion = expand(load_manifest(path), Request(DataContext(paths), profile="demo"))
    store = RunStore(paths.cache)
    for run in expansion.runs:
        seconds, count = FOUND[run.uses[0].row]
        given = (
            [("train_seconds_epoch", seconds, HOW), ("gflops", None, "no formula for _fft_r2c")]
            if run.spec.device
            else [("parameters", count, "counted")]
        )
        rows = [
            MetricRow(
                part="test", dataset="planted", task="", metric=name, value=one, reason=why, n=1
            )
            for name, one, why in given
        ]
        store.write(RunResult(spec=run.spec, status="ok", rows=tuple(rows)))
    return expansion, store


def test_every_figure_says_how_it_was_taken(measured: tuple[Expansion, RunStore]) -> None:
    expansion, store = measured
    table = build_table(expansion, load_view(store))
    assert f"planted, Train, s / epoch (Early, Late): {HOW}." in table.notes
    assert "planted, Parameters (Early, Late): counted." in table.notes
    caption = " ".join(table.caption)
    assert "Costs, not scores" in caption
    assert "Parameters are counted at the scale of the paper" in caption
    assert "Metrics on the test part" not in caption
    shown = render(table)
    assert "0.01235" in shown
    assert "2.000" in shown
    assert "120,439,000" in shown
    assert "n/a" in shown
    assert "no formula for" in shown


def test_counts_carry_a_verdict_and_times_none(
    measured: tuple[Expansion, RunStore], tmp_path: Path
) -> None:
    expansion, store = measured
    path = tmp_path / "m4oe" / "table13.yaml"
    path.parent.mkdir()
    path.write_text(PRINTED)
    printed = load_printed(path)
    view = load_view(store)
    columns = list(expansion.manifest.table_columns())
    statuses = dict(zip(view["fingerprint"], view["status"], strict=True))
    cells = compare_with_paper(expansion, printed, cell_values(expansion, columns, view, statuses))
    verdicts = {(one.pair.row, one.pair.column.metric): str(one.verdict) for one in cells}
    assert verdicts["early", "parameters"] == "agrees", "120.439 million is printed as 120.4"
    assert verdicts["late", "parameters"] == "differs", "one more than is printed"
    assert "not comparable" in verdicts["late", "train_seconds_epoch"]
    late = next(one for one in cells if (one.pair.row, one.pair.column.metric)[0] == "late")
    assert late.found is not None
    shown = render(against_paper(expansion.manifest, printed, cells, build_table(expansion, view)))
    assert "planted, Parameters" in shown
    assert "120,439,000" in shown


@pytest.mark.parametrize(("text", "digits"), [("1.15", 2), ("120.4M", 0), ("3.2B", 0), ("7", 0)])
def test_digits_behind_the_point_are_those_of_the_unit(text: str, digits: int) -> None:
    assert decimals(text) == digits
