"""The regressions behind the controls."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.models.controls._regression import BoostRegression, LinearRegressor
from benchmark.models.controls.config import BoostingConfig, RidgeRegressionConfig

Array = NDArray[np.float64]


def _draw(seed: int, n: int = 150) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 4)) * [1.0, 100.0, 0.01, 1.0] + [0.0, 50.0, 0.0, 0.0]
    return x, 70 + 9 * x[:, 0] + rng.standard_normal(n)


def test_ridge_against_the_normal_equations() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    model = LinearRegressor(RidgeRegressionConfig(penalty=(0.3,)))
    model.fit(x, y, x_val, y_val)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    unit = (y - y.mean()) / y.std()
    weights = np.linalg.solve(z.T @ z / len(z) + 0.3 * np.eye(4), z.T @ unit / len(z))
    expected = y.mean() + y.std() * ((x_val - x.mean(axis=0)) / x.std(axis=0) @ weights)
    np.testing.assert_allclose(model.predict(x_val), expected, rtol=1e-9)


def test_the_penalty_is_chosen_by_validation_error() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    model = LinearRegressor(RidgeRegressionConfig(penalty=(10.0, 0.001, 1.0)))
    model.fit(x, y, x_val, y_val)
    assert model.penalty == 0.001
    model.fit(x, y, x_val, np.random.default_rng(0).permutation(y_val))
    assert model.penalty == 10.0


def test_a_constant_target_is_predicted() -> None:
    (x, y), (x_val, _) = _draw(0), _draw(1)
    model = LinearRegressor(RidgeRegressionConfig())
    model.fit(x, np.full_like(y, 3.0), x_val, np.full(len(x_val), 3.0))
    assert model.predict(x_val) == pytest.approx(np.full(len(x_val), 3.0))


def test_boosting_stops_early_and_takes_missing_values() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    x[::9, 1] = np.nan
    boost = BoostRegression(BoostingConfig(patience=5), seed=0)
    boost.fit(x, y, x_val, y_val)
    curve = boost._model.evals_result()["validation_0"]["rmse"]
    error = np.sqrt(np.mean((boost.predict(x_val) - y_val) ** 2))
    assert error == pytest.approx(min(curve), rel=1e-4)
    assert error < 3
