"""Losses, metrics, controls and tests against R; ``r/survival_and_tests.R`` wrote the values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.analysis.statistics.friedman import FriedmanResult, critical_difference, friedman
from benchmark.analysis.statistics.holm import holm
from benchmark.analysis.statistics.ttest import TestResult, corrected_ttest, paired_ttest
from benchmark.analysis.verdict import Sample, difference
from benchmark.core.problem import Task
from benchmark.losses.config import CoxConfig
from benchmark.losses.cox import Cox
from benchmark.metrics.c_index import c_index
from benchmark.models.controls._cox import fit_cox

R: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "r.json").read_text())
TIMES = np.stack([R["time"], R["event"]], axis=1).astype(float)
FEATURES = np.stack([R["x1"], R["x2"]], axis=1)
EVENTS = TIMES[:, 1].sum()
WEIGHTS = (0.7, -0.4)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox_loss_and_its_gradient_are_coxph_s(ties: Any) -> None:
    loss = Cox(Task(name="os", kind="survival"), CoxConfig(ties=ties), TIMES)
    weights = torch.tensor(WEIGHTS, dtype=torch.float64, requires_grad=True)
    value = loss((torch.from_numpy(FEATURES) @ weights)[:, None], torch.from_numpy(TIMES))
    value.backward()
    # Ours is minus the log likelihood per event.
    assert -EVENTS * value.item() == pytest.approx(R[f"loglik_{ties}"][0], rel=1e-12)
    assert weights.grad is not None
    gradient = -EVENTS * weights.grad.numpy()
    # R's is a central difference.
    assert gradient == pytest.approx(R[f"gradient_{ties}"], rel=1e-7)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox_loss_is_stationary_where_coxph_ends(ties: Any) -> None:
    loss = Cox(Task(name="os", kind="survival"), CoxConfig(ties=ties), TIMES)
    weights = torch.tensor(R[f"coef_{ties}"], dtype=torch.float64, requires_grad=True)
    loss((torch.from_numpy(FEATURES) @ weights)[:, None], torch.from_numpy(TIMES)).backward()
    assert weights.grad is not None
    assert weights.grad.numpy() == pytest.approx([0, 0], abs=1e-9)


def test_ridge_cox_is_coxph_s_with_ridge() -> None:
    # Weights lie in the span of the samples, here the whole plane; no centring is needed.
    (found,) = fit_cox(FEATURES, TIMES, [0.1])
    assert found == pytest.approx(R["coef_ridge"], rel=1e-6)


def test_c_index_is_concordance_s() -> None:
    assert c_index(TIMES, R["coarse_risk"]) == pytest.approx(R["concordance"][0], rel=1e-14)


@pytest.mark.parametrize("name", ["t_plain", "t_corrected"])
def test_t_tests(name: str) -> None:
    values = R["differences"]
    found = paired_ttest(values) if name == "t_plain" else corrected_ttest(values, 2 / 7)
    assert _numbers(found) == pytest.approx(R[name], rel=1e-9)


def test_welch_s_interval() -> None:
    found = difference(Sample(0.72, 0.031, 5), Sample(0.70, 0.022, 10))
    _, low, high = R["welch"]
    assert found.method == "welch"
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)


def test_holm() -> None:
    assert holm(R["p"]) == pytest.approx(R["p_holm"], rel=1e-12)


def test_friedman_and_nemenyi() -> None:
    found = friedman(R["scores"])
    assert isinstance(found, FriedmanResult)
    statistic, _, p = R["friedman"]
    assert (found.statistic, found.p) == pytest.approx((statistic, p), rel=1e-9)
    assert found.mean_ranks == pytest.approx(R["mean_ranks"], rel=1e-12)
    assert found.critical_difference == pytest.approx(R["critical_difference"][0], rel=1e-5)
    for methods, q in enumerate(R["nemenyi_q"], start=2):
        distance = critical_difference(10, methods)
        assert distance == pytest.approx(q * (methods * (methods + 1) / 60) ** 0.5, rel=1e-5)


def _numbers(found: TestResult) -> list[float | None]:
    return [found.statistic, found.df, found.p, found.low, found.high]
