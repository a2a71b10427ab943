"""A paper's miniature table against made-up runs: what is matched, compared, refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.analysis.aggregate import build_table, cell_values
from benchmark.analysis.paper_diff import PaperCell, compare_with_paper
from benchmark.analysis.paper_match import matched_columns, unmatched
from benchmark.analysis.paper_table import AGAINST_PAPER, against_paper, any_differs, folded
from benchmark.core.paths import Paths
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.plan import PlannedRun
from benchmark.manifest.printed import load_printed
from benchmark.manifest.printed_schema import PrintedTable
from benchmark.manifest.selection import Request
from benchmark.render.formats import FORMATS, render
from benchmark.render.table import Table
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

from .conftest import Fill

MANIFEST = """\
schema_version: 1
id: m4oe/table99
title: A miniature
datasets:
  breast: {loader: wdbc}
  planted: {options: {n: 60}}
columns:
  - {dataset: breast, task: diagnosis, metrics: [acc, auprc_ap]}
  - {dataset: planted, task: label, metrics: [acc]}
settings:
  split: {kind: kfold, folds: 3}
  seeds: [0]
rows:
  - {key: prior, label: Prior, group: Controls, model: prior}
  - {key: ridge, label: Ridge, model: ridge_logistic}
  - {key: trees, label: Trees, model: boosting, datasets: [breast]}
sources:
  settings: "ours: a test"
  datasets: "ours: a test"
"""

PRINTED = """\
schema_version: 1
id: m4oe/table99
paper: m4oe
title: A miniature
where: Table 99
unit: percent
spread: {kind: std, ddof: 1, n: 3, over: folds}
columns:
  - {key: a, label: ACC, dataset: wdbc, task: diagnosis, metric: acc, definition: acc,
     higher_is_better: true}
  - {key: b, label: AUPRC, dataset: breast, task: diagnosis, metric: auprc_ap,
     definition: unknown, higher_is_better: true}
  - {key: c, label: ACC, dataset: planted, task: label, metric: acc, definition: acc,
     higher_is_better: true}
rows:
  - {key: ridge, label: Ridge, cells: {a: 50.0 ± 1.0, b: 50.0 ± 1.0, c: 50.0 ± 1.0}}
  - {key: trees, label: Trees, cells: {a: "90.0", b: null, c: not_applicable}}
  - {key: gate, label: Gate, cells: {a: "80.0", b: null, c: null}}
ledger:
  - {id: m4oe-99, where: [table99], text: Two rows are equal.}
"""

Made = Callable[..., Expansion]
ACC, AP, PLANTED = "breast/diagnosis/acc", "breast/diagnosis/auprc_ap", "planted/label/acc"


@pytest.fixture
def printed(tmp_path: Path) -> PrintedTable:
    return written(tmp_path, PRINTED)


def written(folder: Path, text: str) -> PrintedTable:
    path = folder / "m4oe" / "table99.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return load_printed(path)


@pytest.fixture
def paper(tmp_path: Path, paths: Paths) -> Made:
    def make(manifest: str = MANIFEST, **request: object) -> Expansion:
        path = tmp_path / "table99.yaml"
        path.write_text(manifest)
        given = {"profile": "paper", **request}
        return expand(load_manifest(path), Request(DataContext(paths), **given))  # type: ignore[arg-type]

    return make


def by_fold(run: PlannedRun, metric: str) -> float:
    """Ridge 0.50 0.51 0.52, the others 0.70 0.71 0.72 over folds."""
    base = 0.5 if run.spec.model.name == "ridge_logistic" else 0.7
    return base + run.spec.split.fold / 100


def compared(
    expansion: Expansion,
    printed: PrintedTable,
    store: RunStore,
) -> dict[tuple[str, str], PaperCell]:
    view = load_view(store)
    statuses = dict(zip(view["fingerprint"], view["status"], strict=True))
    columns = list(expansion.manifest.table_columns())
    values = cell_values(expansion, columns, view, statuses)
    cells = compare_with_paper(expansion, printed, values)
    return {(cell.pair.row, cell.pair.column.key): cell for cell in cells}


def test_folds_are_compared_with_the_corrected_interval(
    paper: Made, fill: Fill, printed: PrintedTable
) -> None:
    expansion = paper()
    cell = compared(expansion, printed, fill(expansion, by_fold))["ridge", ACC]
    # Ours 51 ± 1 points over 3 folds. 3 folds: test 1/3, train 2/3 · 0.875; ratio 4/7. Both
    # variances are (1/3 + 4/7) · 1, df 4 for equal ones, t table: 2.776445.
    reach = 2.776445 * (2 * (1 / 3 + 4 / 7)) ** 0.5
    assert cell.found is not None
    assert cell.found.value == pytest.approx(1.0)
    assert (cell.found.low, cell.found.high) == pytest.approx((1 - reach, 1 + reach), abs=1e-5)
    assert (cell.unit, str(cell.verdict)) == ("percent", "inconclusive")
    assert cell.ours.mean == pytest.approx(51.0)


def test_without_a_printed_spread_ours_predicts(
    paper: Made, fill: Fill, printed: PrintedTable
) -> None:
    expansion = paper()
    cell = compared(expansion, printed, fill(expansion, by_fold))["trees", ACC]
    # Ours 71 ± 1; the paper's 90 is a mean over 3 folds too: t table for df 2: 4.302653.
    reach = 4.302653 * (2 * (1 / 3 + 4 / 7)) ** 0.5
    assert cell.found is not None
    assert (cell.found.low, cell.found.high) == pytest.approx((-19 - reach, -19 + reach), abs=1e-5)
    assert (cell.found.method, str(cell.verdict)) == ("prediction", "differs")


def test_tolerance_is_the_manifest_s_in_points(
    paper: Made, fill: Fill, printed: PrintedTable
) -> None:
    store = fill(paper(), by_fold)
    for tolerance, word in [
        ("{acc: 0.05}", "agrees"),
        ("{default: 0.05}", "agrees"),
        ("{acc: 0.04}", "inconclusive"),
        ("{default: 0.05, acc: 0.01}", "inconclusive"),
    ]:
        expansion = paper(MANIFEST + f"tolerance: {tolerance}\n")
        assert compared(expansion, printed, store)["ridge", ACC].verdict.word == word


def test_fractions_stay_fractions(paper: Made, fill: Fill, tmp_path: Path) -> None:
    text = PRINTED.replace("percent", "fraction").replace("50.0 ± 1.0", "0.500 ± 0.010")
    text = text.replace('"90.0"', '"0.9"').replace('"80.0"', '"0.8"')
    expansion = paper(MANIFEST + "tolerance: {acc: 0.05}\n")
    cell = compared(expansion, written(tmp_path, text), fill(expansion, by_fold))["ridge", ACC]
    assert cell.found is not None
    assert cell.found.value == pytest.approx(0.01)
    assert cell.verdict.word == "agrees"


def test_why_cells_are_not_comparable(paper: Made, fill: Fill, printed: PrintedTable) -> None:
    expansion = paper()
    cells = compared(expansion, printed, fill(expansion, by_fold))
    reasons = {key: str(cell.verdict) for key, cell in cells.items()}
    unknown = "not comparable (the paper does not define its metric)"
    assert reasons["ridge", AP] == unknown
    assert reasons["ridge", PLANTED] == "not comparable (synthetic data)"
    assert reasons["trees", AP] == unknown
    bare = cells["ridge", PLANTED].found
    assert bare is not None
    assert (bare.low, bare.high) == (None, None)


def test_a_release_that_no_paper_used_is_not_comparable(
    paper: Made, fill: Fill, printed: PrintedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    expansion = paper()
    store = fill(expansion, by_fold)
    assert compared(expansion, printed, store)["trees", ACC].verdict.word == "differs"
    config = DATASETS.config("wdbc")
    monkeypatch.setattr(config, "unlike_papers", "its cohort is not published", raising=False)
    cell = compared(expansion, printed, store)["trees", ACC]
    assert str(cell.verdict) == "not comparable (its cohort is not published)"


def test_no_release_of_tcga_is_that_of_a_printed_table() -> None:
    assert "is not published" in DATASETS.config("tcga").unlike_papers


def test_demo_runs_are_not_comparable(paper: Made, fill: Fill, printed: PrintedTable) -> None:
    expansion = paper(profile="demo")
    cells = compared(expansion, printed, fill(expansion, by_fold))
    assert str(cells["trees", ACC].verdict) == "not comparable (profile demo)"


def test_changed_settings_are_not_comparable(
    paper: Made, fill: Fill, printed: PrintedTable
) -> None:
    expansion = paper()
    store = fill(expansion, by_fold)
    weights = {"encoders.image.config.pretrained": "false"}
    changed = replace(expansion, overrides=weights)
    assert str(compared(changed, printed, store)["trees", ACC].verdict) == (
        "not comparable (changed with --set: encoders.image.config.pretrained=false)"
    )
    of_a_row = replace(expansion, overrides={"trees:config.depth": "2", "timeout": "9"})
    cells = compared(of_a_row, printed, store)
    assert cells["trees", ACC].verdict.word == "not comparable"
    assert cells["ridge", ACC].verdict.word == "inconclusive"


def test_every_format_says_what_was_changed(paper: Made, paths: Paths) -> None:
    expansion = paper(overrides={"ridge:config.max_iter": "90", "seeds": "[1]"})
    table = build_table(expansion, load_view(RunStore(paths.cache)))
    line = "Changed with --set: ridge:config.max_iter=90; not comparable with printed numbers."
    assert table.warnings[-1] == line
    assert table.facts["changed"] == "ridge:config.max_iter=90"


def test_lost_and_absent_numbers(paper: Made, fill: Fill, tmp_path: Path) -> None:
    defined = PRINTED.replace("definition: unknown", "definition: auprc_ap")
    expansion = paper()

    def some(run: PlannedRun, metric: str) -> float | None:
        gone = run.spec.model.name == "ridge_logistic" and run.spec.split.fold == 2
        return None if gone else by_fold(run, metric)

    cells = compared(expansion, written(tmp_path, defined), fill(expansion, some))
    assert str(cells["trees", AP].verdict) == "not comparable (the printed number is lost)"
    assert cells["trees", AP].found is None
    assert str(cells["ridge", ACC].verdict) == "not comparable (only 2 of 3 runs)"


def test_runs_that_were_never_done(paper: Made, paths: Paths, printed: PrintedTable) -> None:
    cells = compared(paper(), printed, RunStore(paths.cache))
    assert str(cells["ridge", ACC].verdict) == "not comparable (not run)"


def test_costs_are_no_scores(paper: Made, fill: Fill, tmp_path: Path) -> None:
    text = PRINTED.replace("unit: percent", "unit: seconds")
    expansion = paper()
    cells = compared(expansion, written(tmp_path, text), fill(expansion, by_fold))
    assert str(cells["ridge", ACC].verdict) == "not comparable (seconds are no score)"


def test_seeds_of_one_split_are_not_corrected(paper: Made, fill: Fill, tmp_path: Path) -> None:
    text = PRINTED.replace("over: folds", "over: seeds")
    manifest = MANIFEST.replace("{kind: kfold, folds: 3}", "{kind: ratio}")
    expansion = paper(manifest.replace("seeds: [0]", "seeds: [0, 1, 2]"))

    def by_seed(run: PlannedRun, metric: str) -> float:
        return 0.5 + run.spec.seed / 100

    cell = compared(expansion, written(tmp_path, text), fill(expansion, by_seed))["ridge", ACC]
    assert cell.found is not None
    assert cell.found.high == pytest.approx(1 + 2.776445 * (2 / 3) ** 0.5, abs=1e-5)


def test_columns_belong_together_by_dataset_task_and_metric(
    paper: Made, printed: PrintedTable
) -> None:
    manifest = paper().manifest
    found = matched_columns(manifest, printed)
    # By the loader's name, and by the table's own.
    assert {key: one.key for key, one in found.items()} == {ACC: "a", AP: "b", PLANTED: "c"}
    assert unmatched(manifest, printed) == (
        "Rows only in the paper: Gate.",
        "Rows the paper does not have: Prior.",
    )


def test_columns_that_look_alike_must_be_named(paper: Made, tmp_path: Path) -> None:
    twice = PRINTED.replace(
        "metric: auprc_ap,\n     definition: unknown", "metric: acc,\n     definition: acc"
    )
    printed = written(tmp_path, twice)
    manifest = paper().manifest
    assert ACC not in matched_columns(manifest, printed)
    assert f"Columns the paper does not have: {ACC}, {AP}." in unmatched(manifest, printed)
    entries = (
        manifest.columns[0].model_copy(update={"printed": {"acc": "b"}}),
        manifest.columns[1],
    )
    named = manifest.model_copy(update={"columns": entries})
    assert matched_columns(named, printed)[ACC].key == "b"


def report(expansion: Expansion, printed: PrintedTable, store: RunStore) -> Table:
    measured = build_table(expansion, load_view(store))
    cells = tuple(compared(expansion, printed, store).values())
    against = against_paper(expansion.manifest, printed, cells, measured)
    return replace(measured, further={AGAINST_PAPER: against})


def test_every_format_shows_both_numbers_and_the_verdict(
    paper: Made, fill: Fill, printed: PrintedTable
) -> None:
    expansion = paper()
    table = report(expansion, printed, fill(expansion, by_fold))
    assert any_differs(table)
    for fmt in FORMATS:
        text = render(table, fmt)
        for words in ("90.0", "71.0", "-19.0", "differs", "not comparable (synthetic data)"):
            assert words in text, (fmt, words)


def test_programs_get_every_number(paper: Made, fill: Fill, printed: PrintedTable) -> None:
    expansion = paper()
    table = report(expansion, printed, fill(expansion, by_fold))
    record = json.loads(render(table, "json"))["further"]["against_paper"]
    lines = {row["key"]: row["cells"] for row in record["rows"]}
    cells = lines[f"trees|{ACC}"]
    assert cells["paper"]["printed_mean"] == "90.0"
    assert cells["ours"]["mean"] == pytest.approx(71.0)
    assert cells["difference"]["difference"] == pytest.approx(-19.0)
    assert cells["difference"]["method"] == "prediction"
    assert cells["difference"]["unit"] == "percent"
    assert cells["verdict"]["verdict"] == "differs"
    assert record["facts"]["tolerance"] == "0.02 (2 points)"
    read = list(csv.DictReader(io.StringIO(render(table, "csv"))))
    assert [one["verdict"] for one in read if one["row"] == f"trees|{ACC}"][-1] == "differs"


def test_the_ledger_stands_beside_the_numbers(
    paper: Made, fill: Fill, printed: PrintedTable
) -> None:
    expansion = paper()
    table = report(expansion, printed, fill(expansion, by_fold))
    against = table.further[AGAINST_PAPER]
    assert "m4oe-99: Two rows are equal." in against.notes
    assert against.warnings == table.warnings
    assert against.caption[-1] == "Verdicts: 1 differs, 1 inconclusive, 3 not comparable."


def test_a_comparison_without_a_verdict_can_be_folded(
    paper: Made, fill: Fill, printed: PrintedTable
) -> None:
    real = paper()
    with_verdicts = report(real, printed, fill(real, by_fold))
    assert folded(with_verdicts) is with_verdicts
    demo = paper(profile="demo")
    table = report(demo, printed, fill(demo, by_fold))
    short = folded(table)
    assert short.further == {}
    assert short.notes[:-1] == table.notes
    assert short.notes[-1] == (
        "The paper prints 5 of these numbers; none is comparable here. "
        "`mmbench report m4oe/table99` sets them side by side."
    )
