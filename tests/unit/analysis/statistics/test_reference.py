"""A column against its reference: pairing, which test, Holm over the column."""

from __future__ import annotations

import pytest

from benchmark.analysis.statistics.holm import holm
from benchmark.analysis.statistics.reference import (
    INDEPENDENT,
    UNKNOWN_RATIO,
    compare_to_reference,
)
from benchmark.analysis.statistics.ttest import corrected_ttest, paired_ttest

UNITS = {
    "base": {"0": 0.70, "1": 0.72, "2": 0.71, "3": 0.69},
    "good": {"0": 0.80, "1": 0.83, "2": 0.80, "3": 0.80},
    "same": {"0": 0.70, "1": 0.72, "2": 0.71, "3": 0.69},
    "part": {"1": 0.75, "3": 0.70, "4": 0.90},
    "none": {"9": 0.75},
}


def differences(method: str) -> list[float]:
    return [UNITS[method][unit] - UNITS["base"][unit] for unit in UNITS[method] if unit in "0123"]


def test_units_are_paired_by_name() -> None:
    found = compare_to_reference(UNITS, "base", INDEPENDENT)
    assert list(found) == ["good", "same", "part", "none"]
    assert found["part"].pairs == 2
    assert found["part"].result.mean == pytest.approx((0.03 + 0.01) / 2)
    assert found["none"].result.note == "no pair of runs"
    assert (found["none"].adjusted, found["none"].pairs) == (None, 0)


def test_seeds_take_the_plain_test_and_folds_the_corrected_one() -> None:
    seeds = compare_to_reference(UNITS, "base", INDEPENDENT)
    folds = compare_to_reference(UNITS, "base", 2 / 7)
    assert seeds["good"].result == paired_ttest(differences("good"))
    assert folds["good"].result == corrected_ttest(differences("good"), 2 / 7)


def test_p_values_are_corrected_for_the_methods_that_have_one() -> None:
    found = compare_to_reference(UNITS, "base", 2 / 7)
    raw = [found[name].result.p for name in ("good", "same", "part")]
    assert None not in raw
    adjusted = tuple(found[name].adjusted for name in ("good", "same", "part"))
    assert adjusted == holm([one for one in raw if one is not None])
    assert adjusted[0] == pytest.approx(3 * (raw[0] or 0))


def test_folds_of_unknown_size_are_not_tested() -> None:
    found = compare_to_reference(UNITS, "base", None)["good"]
    assert found.result.mean == pytest.approx(0.1025)
    assert (found.result.p, found.result.low, found.adjusted) == (None, None, None)
    assert found.result.note == UNKNOWN_RATIO


def test_without_the_reference_nothing_is_tested() -> None:
    assert compare_to_reference(UNITS, "gone", INDEPENDENT) == {}
