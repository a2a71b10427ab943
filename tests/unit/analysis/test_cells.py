"""Aggregation of one cell, against numbers worked out by hand."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.analysis.cells import CellValue, aggregate


def test_folds_with_one_seed() -> None:
    cell = aggregate([CellValue(str(fold), 0, value) for fold, value in enumerate((1.0, 2.0, 6.0))])
    assert cell.mean == 3.0
    assert cell.std == pytest.approx(math.sqrt(7.0))  # (4 + 1 + 9) / 2
    assert (cell.n, cell.planned, cell.units, cell.over) == (3, 3, 3, "3 folds")


def test_random_splits_are_not_called_folds() -> None:
    cell = aggregate([CellValue(str(k), 0, 0.5, unit="random splits") for k in range(10)])
    assert cell.over == "10 random splits"


def test_seeds_on_one_split() -> None:
    cell = aggregate([CellValue("only", seed, value) for seed, value in enumerate((0.5, 0.7))])
    assert cell.mean == pytest.approx(0.6)
    assert cell.std == pytest.approx(math.sqrt(0.02))
    assert cell.over == "2 seeds on one split"


def test_seeds_are_averaged_within_their_fold_first() -> None:
    values = {"a": (0.0, 1.0), "b": (2.0, 4.0), "c": (1.0, 1.0)}
    cell = aggregate(
        [
            CellValue(fold, seed, one)
            for fold, ones in values.items()
            for seed, one in enumerate(ones)
        ]
    )
    # Units 0.5, 3, 1; pooling all six would give std 1.38.
    assert cell.mean == pytest.approx(1.5)
    assert cell.std == pytest.approx(math.sqrt(3.5 / 2))
    assert (cell.n, cell.planned, cell.units) == (6, 6, 3)
    assert cell.over == "3 folds, each the mean of 2 seeds"


def test_a_fold_with_a_missing_seed_weighs_as_much_as_the_others() -> None:
    cell = aggregate(
        [
            CellValue("a", 0, 0.0),
            CellValue("a", 1, None),
            CellValue("b", 0, 1.0),
            CellValue("b", 1, 3.0),
        ]
    )
    assert cell.mean == pytest.approx(1.0)
    assert (cell.n, cell.planned, cell.units) == (3, 4, 2)


def test_missing_and_undefined_runs() -> None:
    undefined = CellValue("a", 0, None, "one class only", undefined=True)
    cell = aggregate([undefined, CellValue("b", 0, None)])
    assert (cell.mean, cell.std, cell.n, cell.planned) == (None, None, 0, 2)
    assert cell.absences == ("one class only (1 of 2 runs)",)
    assert (cell.undefined, cell.remarks) == (1, ())
    one = aggregate([CellValue("a", 0, 0.5), CellValue("b", 0, None)])
    assert (one.mean, one.std, one.n) == (0.5, None, 1)


def test_remarks_on_values_that_exist() -> None:
    note = "2 of 3 classes present"
    cell = aggregate([CellValue("a", 0, 0.5, note), CellValue("b", 0, 0.6, note)])
    assert (cell.remarks, cell.absences) == ((note,), ())


def test_a_single_run_has_no_spread() -> None:
    cell = aggregate([CellValue("a", 0, 0.25)])
    assert (cell.mean, cell.std, cell.over) == (0.25, None, "")


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.none() | st.floats(0, 1)),
        min_size=1,
        unique_by=lambda one: one[:2],
    ),
    st.randoms(use_true_random=False),
)
def test_order_never_matters(
    runs: list[tuple[str, int, float | None]], shuffler: random.Random
) -> None:
    values = [CellValue(*run) for run in runs]
    before = aggregate(values)
    shuffler.shuffle(values)
    assert aggregate(values) == before
