"""Values and survival times that follow planted labels."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import pytest

from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.planted import Planted, PlantedConfig
from benchmark.datasets.synthetic.planted_outcomes import (
    Outcome,
    best_c_index,
    survival_of,
    values_of,
)
from benchmark.metrics.c_index import c_index

PLAIN = Outcome(effect=1.5, censoring=0.5, spread=0.5)


def _load(paths: Paths, **options: Any) -> Planted:
    return Planted(PlantedConfig.parse(options), DataContext(paths))


def test_survival_table(paths: Paths) -> None:
    dataset = _load(paths, target="survival", n=3000, unlabelled=0.25)
    (task,) = dataset.component.tasks
    assert (task.name, task.kind, task.classes) == ("survival", "survival", ())
    columns = ["target:survival:time", "target:survival:event"]
    target = dataset.samples[columns].to_numpy()
    known = np.isfinite(target)
    assert np.array_equal(known[:, 0], known[:, 1])
    assert known[:, 0].mean() == pytest.approx(0.75, abs=0.03)
    labelled = target[known[:, 0]]
    assert (labelled[:, 0] > 0).all()
    assert set(labelled[:, 1]) == {0.0, 1.0}
    assert "target:label" not in dataset.samples


def test_regression_table(paths: Paths) -> None:
    dataset = _load(paths, target="regression", n=5000, classes=3, spread=0.2)
    (task,) = dataset.component.tasks
    assert (task.name, task.kind, task.classes) == ("value", "regression", ())
    error = dataset.samples["target:value"] - (dataset.truth.label - 1)
    assert error.std() == pytest.approx(0.2, abs=0.01)
    assert error.abs().mean() == pytest.approx(0.2 * math.sqrt(2 / math.pi), abs=0.01)


def test_the_target_does_not_touch_features(paths: Paths) -> None:
    one, other = _load(paths), _load(paths, target="survival")
    assert all(np.array_equal(one.values[name], other.values[name]) for name in "ab")


def test_hazards_are_as_stated() -> None:
    """Without censoring, mean times are 12 exp(-effect z) months."""
    label = np.repeat([0, 1], 20_000)
    target = survival_of(label, 2, Outcome(effect=1.0, censoring=0.0, spread=0.0), seed=0)
    assert target[:, 1].all()
    means = [target[label == c, 0].mean() for c in (0, 1)]
    assert means == pytest.approx([12 * math.exp(0.5), 12 * math.exp(-0.5)], rel=0.03)


def test_censoring_is_a_competing_hazard() -> None:
    target = survival_of(np.zeros(20_000, np.int64), 1, Outcome(1.0, 0.5, 0.0), seed=0)
    assert target[:, 1].mean() == pytest.approx(1 / 1.5, abs=0.01)
    assert target[:, 0].mean() == pytest.approx(12 / 1.5, rel=0.03)


def test_best_c_index_by_hand() -> None:
    # Hazards 1/2 and 2, no censoring: pairs of unlike labels are right with 2 / 2.5.
    outcome = Outcome(effect=math.log(4), censoring=0.0, spread=0.0)
    assert best_c_index(2, outcome) == pytest.approx((0.5 + 0.8) / 2)
    assert best_c_index(3, Outcome(0.0, 0.7, 0.0)) == pytest.approx(0.5)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("censoring", [0.0, 0.5, 3.0])
def test_best_c_index_is_that_of_the_label(classes: int, censoring: float) -> None:
    outcome = Outcome(effect=1.5, censoring=censoring, spread=0.0)
    label = np.random.default_rng(0).integers(classes, size=4000)
    found = c_index(survival_of(label, classes, outcome, seed=1), label)
    assert found == pytest.approx(best_c_index(classes, outcome), abs=0.012)


def test_golden_values() -> None:
    """If this changes on purpose, raise GENERATOR_VERSION: old results are of other data."""
    label = np.arange(60) % 3
    digest = hashlib.sha256()
    for made in (values_of(label, 3, PLAIN, seed=0), survival_of(label, 3, PLAIN, seed=0)):
        digest.update(np.rint(made * 1e6).astype("<i8").tobytes())
    assert digest.hexdigest()[:16] == "53ed1355bee154b2"
