"""Ranks, the reasons for no test, and the groups of a diagram."""

from __future__ import annotations

import math

import pytest

from benchmark.analysis.statistics.friedman import (
    FriedmanResult,
    average_ranks,
    critical_difference,
    friedman,
    groups_within,
)


def test_ranks_share_ties() -> None:
    assert average_ranks([[0.9, 0.8, 0.9, 0.1]]).tolist() == [[1.5, 3.0, 1.5, 4.0]]


def test_by_hand() -> None:
    # The order is 1 2 3 in all six blocks: χ² = n (k − 1) = 12 and p = exp(−6) with df 2.
    found = friedman([[3, 2, 1]] * 6)
    assert isinstance(found, FriedmanResult)
    assert found.statistic == pytest.approx(12)
    assert found.p == pytest.approx(math.exp(-6))
    assert found.mean_ranks == (1, 2, 3)
    # q of three methods is 2.343: 2.343 · sqrt(12 / 36)
    assert found.critical_difference == pytest.approx(2.343 * math.sqrt(1 / 3), abs=1e-3)


def test_what_cannot_be_tested_says_why() -> None:
    assert (
        friedman([[3, 2, 1]] * 5)
        == "5 blocks (dataset × task) are fewer than the 6 a rank test needs"
    )
    assert str(friedman([[3, 2, 1]])).startswith("1 block (dataset × task) is fewer")
    assert friedman([[2, 1]] * 6) == "2 methods: a pairwise test says it"
    assert friedman([[1, 1, 1]] * 6) == "all methods tie in every block"


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="a score is missing"):
        friedman([[1, math.nan, 2]] * 6)
    with pytest.raises(ValueError, match=r"must have shape \(blocks, methods\)"):
        average_ranks([1.0, 2.0])


def test_more_blocks_bring_methods_closer() -> None:
    assert critical_difference(24, 5) == pytest.approx(critical_difference(6, 5) / 2)


def test_groups_of_a_diagram() -> None:
    assert groups_within([3.0, 1.0, 1.5, 2.4], 1.0) == ((1, 2), (2, 3), (3, 0))
    assert groups_within([1.0, 1.2, 1.4], 1.0) == ((0, 1, 2),)
    assert groups_within([1.0, 3.0, 5.0], 1.0) == ()
    assert groups_within([1.0, 2.0], 1.0) == ()
