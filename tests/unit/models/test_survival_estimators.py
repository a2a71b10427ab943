"""Ridge Cox, principal components and boosted trees behind the survival controls."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.metrics.c_index import c_index
from benchmark.models.controls._cox import fit_cox
from benchmark.models.controls._matrix import Components, Scaler
from benchmark.models.controls._survival import BoostCox, ComponentCox, LinearCox
from benchmark.models.controls.config import (
    BoostingCoxConfig,
    PCARidgeCoxConfig,
    RidgeCoxConfig,
)

Array = NDArray[np.float64]


def _draw(seed: int, n: int = 120, features: int = 4, tied: bool = False) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, features))
    died = rng.exponential(np.exp(-x[:, 0] + 0.5 * x[:, 1])) + 0.01
    left = rng.exponential(2, size=n) + 0.01
    time = np.minimum(died, left)
    if tied:
        time = np.ceil(3 * time)
    return x, np.stack([time, died <= left], axis=1).astype(float)


def _objective(x: Array, y: Array, penalty: float, w: Array) -> float:
    """The formula, term by term."""
    risk, total = x @ w, 0.0
    for i in np.flatnonzero(y[:, 1]):
        total += np.log(np.exp(risk[y[:, 0] >= y[i, 0]]).sum()) - risk[i]
    return float(total / len(x) + penalty / 2 * w @ w)


@pytest.mark.parametrize("penalty", [0.01, 0.5])
def test_ridge_cox_equals_lifelines(penalty: float) -> None:
    x, y = _draw(0)
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)  # as lifelines scales
    frame = pd.DataFrame(x).assign(time=y[:, 0], event=y[:, 1])
    fitter = CoxPHFitter(penalizer=penalty).fit(frame, "time", "event")
    (weights,) = fit_cox(x, y, [penalty])
    np.testing.assert_allclose(weights, fitter.params_.to_numpy(), atol=2e-4)  # where it stops


@pytest.mark.parametrize(("n", "features"), [(60, 5), (25, 80)])
def test_no_direction_leads_below_the_weights_found(n: int, features: int) -> None:
    """With ties, and with more features than samples."""
    x, y = _draw(1, n, features, tied=True)
    rng = np.random.default_rng(0)
    for penalty, weights in zip((1.0, 0.05), fit_cox(x, y, (1.0, 0.05)), strict=True):
        best = _objective(x, y, penalty, weights)
        for _ in range(20):
            step = 1e-3 * rng.standard_normal(features)
            up, down = (_objective(x, y, penalty, weights + s * step) for s in (1, -1))
            assert min(up, down) > best
            assert up - best == pytest.approx(down - best, rel=0.02)  # the slope is 0


def test_a_path_of_penalties_equals_single_fits() -> None:
    x, y = _draw(2, 40, 60)
    path = fit_cox(x, y, [10.0, 1.0, 0.1])
    for penalty, weights in zip([10.0, 1.0, 0.1], path, strict=True):
        np.testing.assert_allclose(weights, fit_cox(x, y, [penalty])[0], atol=1e-7)
    norms = [np.linalg.norm(weights) for weights in path]
    assert norms == sorted(norms)


def test_extreme_features_stay_finite() -> None:
    x, y = _draw(3, 50, 6)
    (weights,) = fit_cox(1e3 * x, y, [1e-3])
    assert np.isfinite(weights).all()
    assert c_index(y, x @ weights) > 0.65


def test_the_penalty_is_chosen_by_validation_c_index() -> None:
    (x, y), (x_val, y_val) = _draw(0, 80, 60), _draw(1, 80, 60)
    grid = (0.01, 100.0, 1.0)
    model = LinearCox(RidgeCoxConfig(penalty=grid))
    model.fit(x, y, x_val, y_val)
    scale = Scaler(x)
    values = {p: c_index(y_val, scale(x_val) @ fit_cox(scale(x), y, [p])[0]) for p in grid}
    assert model.penalty == max(values, key=values.__getitem__)
    assert len(set(values.values())) == 3


def test_a_choice_without_a_comparable_pair_is_refused() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    y_val[:, 1] = 0
    with pytest.raises(DataError, match="cannot be chosen on the validation part: no comparable"):
        LinearCox(RidgeCoxConfig()).fit(x, y, x_val, y_val)
    LinearCox(RidgeCoxConfig(penalty=(0.1,))).fit(x, y, x_val, y_val)  # nothing to choose


def test_components_are_those_of_most_variance() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 6)) * [5, 4, 3, 0.1, 0.1, 0.1]
    x -= x.mean(axis=0)
    kept = Components(x, 2)
    values, vectors = np.linalg.eigh(x.T @ x)
    for column, vector in zip(kept.axes.T, vectors.T[::-1], strict=False):
        assert abs(column @ vector) == pytest.approx(1.0)
        assert column[np.abs(column).argmax()] > 0
    assert kept(x).var(axis=0) == pytest.approx(values[::-1][:2] / 50)
    assert Components(x[:3] - x[:3].mean(axis=0), 5).axes.shape == (6, 2)
    assert Components(np.zeros((4, 3)), 2).axes.shape == (3, 0)


def test_pca_cox_is_cox_on_the_components_of_each_block() -> None:
    (x, y), (x_val, y_val) = _draw(0, 90, 12), _draw(1, 90, 12)
    model = ComponentCox(PCARidgeCoxConfig(components=3), [7, 5])
    flags = np.ones((90, 2))
    model.fit(np.hstack([x, flags]), y, np.hstack([x_val, flags]), y_val)
    scale = Scaler(x)
    blocks = [Components(scale(x)[:, cut], 3) for cut in (slice(7), slice(7, None))]

    def reduced(rows: Array) -> Array:
        return np.hstack([blocks[0](scale(rows)[:, :7]), blocks[1](scale(rows)[:, 7:])])

    (weights,) = fit_cox(reduced(x), y, [0.1])
    found = model.predict(np.hstack([x_val, flags]))
    np.testing.assert_allclose(found, reduced(x_val) @ weights, atol=1e-8)


def test_boosted_cox_stops_early_and_ranks_events() -> None:
    (x, y), (x_val, y_val), (x_test, y_test) = (_draw(seed, 250) for seed in range(3))
    boost = BoostCox(BoostingCoxConfig(columns=1.0, patience=10), seed=0)
    boost.fit(x, y, x_val, y_val)
    assert boost._model.best_iteration + 10 < 300
    assert c_index(y_test, boost.predict(x_test)) > 0.65


def test_boosted_cox_knows_the_censored() -> None:
    """Taken for deaths, the early censored times of low x would make it the risky side."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 1))
    died = x[:, 0] > 0
    y = np.stack([np.where(died, 2.0, 1.0) * rng.random(400) + 0.01, died], axis=1)
    boost = BoostCox(BoostingCoxConfig(columns=1.0), seed=0)
    boost.fit(x[:300], y[:300], x[300:], y[300:])
    low, high = boost.predict(np.array([[-1.0], [1.0]]))
    assert low < high - 1
