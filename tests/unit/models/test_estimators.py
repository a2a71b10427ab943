"""The classifiers behind the controls."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss as reference_log_loss

from benchmark.models.controls._estimators import Boost, Ridge, log_loss
from benchmark.models.controls.config import BoostingConfig, RidgeLogisticConfig


def _draw(seed: int, n: int = 120) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 4)) * [1.0, 100.0, 0.01, 1.0] + [0.0, 50.0, 0.0, 0.0]
    return x, (x[:, 0] + 0.5 * rng.standard_normal(n) > 0).astype(np.int64)


def test_log_loss_against_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), size=20)
    y = rng.integers(0, 3, 20)
    assert log_loss(y, p) == pytest.approx(reference_log_loss(y, p, labels=[0, 1, 2]), abs=1e-12)


def test_ridge_keeps_the_penalty_of_lowest_validation_loss() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    grid = (10.0, 0.001, 0.1)
    ridge = Ridge(RidgeLogisticConfig(c=grid))
    ridge.fit(x, y, x_val, y_val)
    mean, std = x.mean(axis=0), x.std(axis=0)
    fits = {c: LogisticRegression(C=c, max_iter=2000).fit((x - mean) / std, y) for c in grid}
    losses = {
        c: log_loss(y_val, fit.predict_proba((x_val - mean) / std)) for c, fit in fits.items()
    }
    assert ridge.c == min(losses, key=losses.__getitem__)
    assert len(set(losses.values())) == 3
    assert np.allclose(ridge.predict(x_val), fits[ridge.c].predict_proba((x_val - mean) / std))


def test_ridge_imputes_the_training_mean() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    x[:30, 1] = np.nan
    ridge = Ridge(RidgeLogisticConfig())
    ridge.fit(x, y, x_val, y_val)
    hidden, filled = x_val.copy(), x_val.copy()
    hidden[:, 1], filled[:, 1] = np.nan, x[30:, 1].mean()
    assert np.allclose(ridge.predict(hidden), ridge.predict(filled), atol=1e-12)


def test_ridge_ignores_features_without_values_or_spread() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    x[:, 1], x[:, 3] = np.nan, 0.1
    ridge = Ridge(RidgeLogisticConfig())
    ridge.fit(x, y, x_val, y_val)
    assert np.isfinite(ridge.predict(x_val)).all()


def test_boost_stops_early_and_predicts_with_the_best_round() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    boost = Boost(BoostingConfig(rounds=300, patience=5), seed=0)
    boost.fit(x, y, x_val, y_val)
    assert boost._model.best_iteration + 5 < 300
    curve = boost._model.evals_result()["validation_0"]["logloss"]
    assert log_loss(y_val, boost.predict(x_val)) == pytest.approx(min(curve), abs=1e-5)


def test_boost_takes_missing_values_and_its_seed_matters() -> None:
    (x, y), (x_val, y_val) = _draw(0), _draw(1)
    x[::3, 0] = np.nan
    scores = []
    for seed in (0, 2**32 - 1):
        boost = Boost(BoostingConfig(rounds=20), seed=seed)
        boost.fit(x, y, x_val, y_val)
        scores.append(boost.predict(x_val))
    assert not np.array_equal(*scores)
    assert all(np.isfinite(one).all() for one in scores)
