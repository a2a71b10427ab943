"""Comparisons of stored results: metrics, tests, and what the tables say about them."""

from __future__ import annotations

import math

import pytest

from benchmark.analysis.compare import Comparison, compare
from benchmark.analysis.compare_table import compare_record, compare_table
from benchmark.analysis.methods import collect
from benchmark.analysis.tested import p_text
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.manifest.expand import Expansion
from benchmark.manifest.plan import PlannedRun
from benchmark.render.formats import FORMATS, render
from benchmark.render.table import Measured, Table, Text
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

from .conftest import Expand, Fill

SIZES = {"train": 70, "val": 10, "test": 20}
METRICS = ("acc", "auroc_binary", "auprc_ap")


def by_fold(run: PlannedRun, metric: str) -> float | None:
    """ridge 0.6 0.7 0.8, prior 0.5 0.5 0.5, trees 0.55 0.62 0.78 over folds 0 1 2 on wdbc."""
    fold = run.spec.split.fold
    if run.spec.components[0].dataset == "planted":
        return 0.5
    return {
        "prior": [0.5, 0.5, 0.5],
        "ridge_logistic": [0.6, 0.7, 0.8],
        "boosting": [0.55, 0.62, 0.78],
    }[run.spec.model.name][fold]


def compared(
    found: list[Expansion], store: RunStore, metrics: tuple[str, ...] = (), reference: str = ""
) -> Comparison:
    known = collect(found)

    def sizes(fingerprint: str) -> dict[str, int] | None:
        stored = store.plain(fingerprint)
        return stored["info"].get("samples") if stored else None

    statuses = store.statuses(known.runs)
    return compare(known, load_view(store), statuses, sizes, metrics, reference)


def test_differences_are_tested_with_the_rows_that_runs_counted(toy: Expand, fill: Fill) -> None:
    expansion = toy(datasets=["wdbc"])
    found = compared([expansion], fill(expansion, by_fold, METRICS, SIZES))
    assert [one.label for one in found.methods] == ["Ridge", "Trees", "Prior"]
    assert (found.reference, found.chosen) == ("suite/toy:ridge", "rank")
    prior = found.tests["suite/toy:prior", found.blocks[0].key]
    # Differences -0.1 -0.2 -0.3: mean -0.2, s = 0.1, t = -0.2 / sqrt((1/3 + 20/70) 0.01), df 2.
    statistic = -0.2 / math.sqrt((1 / 3 + 2 / 7) * 0.01)
    assert prior.result.mean == pytest.approx(-0.2)
    assert prior.result.statistic == pytest.approx(statistic)
    p = 1 - abs(statistic) / math.sqrt(2 + statistic**2)  # Student's t with two degrees of freedom
    assert prior.result.p == pytest.approx(p)
    trees = found.tests["suite/toy:trees", found.blocks[0].key]
    assert trees.result.p is not None
    assert trees.result.p > p
    assert prior.adjusted == pytest.approx(2 * p)  # Holm: the smaller of two is doubled
    assert trees.adjusted == pytest.approx(max(trees.result.p, 2 * p))


def test_seeds_of_one_split_take_the_plain_paired_test(toy: Expand, fill: Fill) -> None:
    expansion = toy(
        rows=["prior", "ridge"],
        datasets=["wdbc"],
        overrides={"split.kind": "ratio", "seeds": "[0, 1, 2]"},
    )

    def by_seed(run: PlannedRun, metric: str) -> float:
        return 0.5 + (run.spec.model.name == "prior") * (0.1 + run.spec.seed / 10)

    found = compared([expansion], fill(expansion, by_seed, METRICS, SIZES))
    test = found.tests["suite/toy:ridge", found.blocks[0].key]
    assert test.result.statistic == pytest.approx(-0.2 / (0.1 / math.sqrt(3)))
    further = compare_table(found, [expansion]).further["tests"]
    assert any("paired t-test over seeds" in line for line in further.caption)
    assert not any("Nadeau" in line for line in further.caption)


def test_the_metric_is_the_default_or_the_first_that_a_column_has(toy: Expand, fill: Fill) -> None:
    expansion = toy()
    store = fill(expansion, by_fold, METRICS, SIZES)
    assert set(compared([expansion], store).metrics.values()) == {"auroc_binary"}
    asked = compared([expansion], store, ("c_index", "acc", "auprc_ap"))
    assert set(asked.metrics.values()) == {"acc"}
    with pytest.raises(UnknownNameError, match="unknown metric 'accuracy'"):
        compared([expansion], store, ("accuracy",))
    with pytest.raises(UsageError, match="nothing to compare is stored"):
        compared([expansion], store, ("c_index",))


def test_a_failed_run_takes_its_column_out_of_the_ranks_not_out_of_the_table(
    toy: Expand, fill: Fill
) -> None:
    expansion = toy(rows=["prior", "ridge"])

    def one_broken(run: PlannedRun, metric: str) -> float | None:
        broken = run.spec.components[0].dataset == "planted" and run.spec.model.name == "prior"
        return None if broken and run.spec.split.fold == 1 else by_fold(run, metric)

    found = compared([expansion], fill(expansion, one_broken, METRICS, SIZES))
    table = compare_table(found, [expansion])
    assert [found.blocks[0].key] == list(found.ranking.common)
    assert (
        "Not in the mean rank: planted: label: not every run of Prior gave a value." in table.notes
    )
    ridge, prior = table.rows
    assert (ridge.label, ridge.cells["wins"]) == ("Ridge", Text("1 of 1"))
    cell = prior.cells["planted: label/auroc_binary"]
    assert isinstance(cell, Measured)
    assert (cell.n, cell.planned, cell.mark) == (2, 3, "")
    tests = table.further["tests"]
    assert any("tested on the 2 of 3" in note for note in tests.notes)


def test_a_named_reference(toy: Expand, fill: Fill) -> None:
    expansion = toy(rows=["prior", "ridge"])
    store = fill(expansion, by_fold, METRICS, SIZES)
    found = compared([expansion], store, reference="prior")
    assert (found.reference, found.chosen) == ("suite/toy:prior", "named")
    tests = compare_table(found, [expansion]).further["tests"]
    assert [row.label for row in tests.rows] == ["Ridge"]
    assert tests.title == "Differences to Prior"
    assert not any("too small" in line for line in tests.caption)
    chosen = compare_table(compared([expansion], store), [expansion]).further["tests"]
    assert any("p-values against it are too small" in line for line in chosen.caption)


def test_a_reference_without_results(toy: Expand, fill: Fill) -> None:
    expansion = toy(datasets=["wdbc"])

    def no_trees(run: PlannedRun, metric: str) -> float | None:
        return None if run.spec.model.name == "boosting" else by_fold(run, metric)

    store = fill(expansion, no_trees, METRICS)
    with pytest.raises(UsageError, match="the reference 'trees' has no results"):
        compared([expansion], store, reference="trees")
    table = compare_table(compared([expansion], store), [expansion])
    assert "No results yet: Trees." in table.notes


def test_notes_and_warnings_say_what_a_reader_must_know(toy: Expand, fill: Fill) -> None:
    expansion = toy(rows=["prior", "ridge"])
    table = compare_table(
        compared([expansion], fill(expansion, by_fold, METRICS, SIZES)), [expansion]
    )
    assert table.warnings == (
        "planted: SYNTHETIC data; not comparable with printed numbers.",
        "Mean ranks mix real and synthetic data.",
    )
    assert "Data: wdbc real data, planted SYNTHETIC data." in table.caption
    assert "From suite/toy: variant described, profile full." in table.caption
    assert "Controls: Ridge, Prior." in table.notes
    assert any(
        note.startswith("No Friedman test and no critical difference") for note in table.notes
    )
    assert table.facts["tables"] == "suite/toy"


def test_without_common_ground_there_are_no_ranks_and_a_way_out(toy: Expand, fill: Fill) -> None:
    expansion = toy()  # Trees are on wdbc only, and Prior lacks a run there.

    def one_broken(run: PlannedRun, metric: str) -> float | None:
        prior = run.spec.model.name == "prior" and run.spec.components[0].dataset == "wdbc"
        return None if prior and run.spec.split.fold == 0 else by_fold(run, metric)

    found = compared([expansion], fill(expansion, one_broken, METRICS))
    table = compare_table(found, [expansion])
    assert "mean_rank" not in {column.key for column in table.columns}
    assert any(note.startswith("No mean rank: no column") for note in table.notes)
    assert any("--reference names one" in note for note in table.notes)
    assert not table.further


def test_every_format_shows_results_and_tests(toy: Expand, fill: Fill) -> None:
    expansion = toy(datasets=["wdbc"])
    table = compare_table(
        compared([expansion], fill(expansion, by_fold, METRICS, SIZES)), [expansion]
    )
    for fmt in FORMATS:
        text = render(table, fmt)
        assert "Ridge" in text
        assert "Differences to Ridge" in text


def test_the_record_holds_unrounded_ranks_and_tests(toy: Expand, fill: Fill) -> None:
    expansion = toy(datasets=["wdbc"])
    found = compared([expansion], fill(expansion, by_fold, METRICS, SIZES))
    record = compare_record(found)
    assert [one["mean_rank"] for one in record["methods"]] == [1.0, 2.0, 3.0]
    assert record["blocks"][0]["metric"] == "auroc_binary"
    assert record["blocks"][0]["common"] is True
    assert record["reference"] == "suite/toy:ridge"
    assert "reason" in record["rank_test"]
    assert [one["method"] for one in record["tests"]] == ["suite/toy:trees", "suite/toy:prior"]
    assert record["tests"][1]["difference"] == pytest.approx(-0.2)
    assert record["tests"][1]["test"] == "corrected resampled t"


def test_small_p_values_are_not_zero() -> None:
    assert [p_text(p) for p in (0.00049, 0.001, 0.0346, 1.0)] == [
        "<0.001",
        "0.001",
        "0.035",
        "1.000",
    ]


def test_cells_of_a_table_line_up_with_its_heads(toy: Expand, fill: Fill) -> None:
    expansion = toy()
    table: Table = compare_table(
        compared([expansion], fill(expansion, by_fold, METRICS)), [expansion]
    )
    for one in table.all():
        keys = [column.key for column in one.columns]
        assert len(set(keys)) == len(keys)
        assert all(set(row.cells) <= set(keys) for row in one.rows)
