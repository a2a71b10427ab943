"""What holds for every registered metric; ``mmbench check`` makes the same checks."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.checks._base import Check
from benchmark.checks.metrics import CHECKS, MetricSubject, draw
from benchmark.core.problem import TaskKind
from benchmark.metrics import METRICS
from benchmark.metrics.evaluate import metric_info

SECTIONS = ("Definition:", "Direction:", "Bounds:", "Ties:", "One class:", "Args:", "Raises:")


@pytest.mark.parametrize("name", list(METRICS))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "_"))
def test_metric(check: Check[MetricSubject], name: str) -> None:
    check.run(MetricSubject(name))


@pytest.mark.parametrize("name", list(METRICS))
def test_docstring_is_complete(name: str) -> None:
    text = METRICS.load(name).__doc__
    assert [section for section in SECTIONS if section not in text] == []
    assert METRICS.load(name).__name__ == name


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_constant_scores_rank_like_a_coin(kind: TaskKind) -> None:
    truth = draw(kind, 0, 40)[0]
    score = np.full(truth.shape if kind != "multiclass" else (40, 3), 1 / 3)
    names = [
        name for name in METRICS if name.startswith("auroc") and kind in metric_info(name).kinds
    ]
    assert names
    assert [MetricSubject(name).value(truth, score) for name in names] == [0.5] * len(names)
