"""Friedman's test and Nemenyi's distance against Demšar's paper and against SciPy."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats

from benchmark.analysis.statistics.friedman import (
    FriedmanResult,
    average_ranks,
    critical_difference,
    friedman,
)

PAPER: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "data" / "demsar2006.yaml").read_text()
)
SCORES = np.array(list(PAPER["scores"].values()))


def test_the_paper_s_example_has_its_ranks_and_distance() -> None:
    found = friedman(SCORES)
    assert isinstance(found, FriedmanResult)
    assert found.mean_ranks == pytest.approx(PAPER["mean_ranks"], abs=5e-4)
    assert found.critical_difference == pytest.approx(PAPER["critical_difference"], abs=5e-3)
    assert found.blocks == 14


def test_the_paper_s_chi_square_follows_from_our_ranks() -> None:
    n, k = SCORES.shape
    mean = average_ranks(SCORES).mean(axis=0)
    uncorrected = 12 * n / (k * (k + 1)) * ((mean**2).sum() - k * (k + 1) ** 2 / 4)
    assert uncorrected == pytest.approx(PAPER["chi_square"], abs=5e-3)


@pytest.mark.parametrize("scores", [SCORES, np.round(np.random.default_rng(0).random((9, 5)), 1)])
def test_statistic_and_p_are_scipy_s(scores: np.ndarray[Any, Any]) -> None:
    found = friedman(scores)
    expected = stats.friedmanchisquare(*scores.T)
    assert isinstance(found, FriedmanResult)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert average_ranks(scores) == pytest.approx(stats.rankdata(-scores, axis=1))


@pytest.mark.parametrize("key", ["q_005", "q_010"])
def test_q_is_the_paper_s_table_5a(key: str) -> None:
    alpha = int(key[2:]) / 100
    for methods, q in PAPER[key].items():
        distance = critical_difference(20, methods, alpha)
        found = distance / math.sqrt(methods * (methods + 1) / (6 * 20))
        # The paper cuts some digits off instead of rounding.
        assert found == pytest.approx(q, abs=1.1e-3)
