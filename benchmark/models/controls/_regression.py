"""Regression estimators on a flat matrix, without a notion of modalities."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import Ridge
from xgboost import XGBRegressor

from benchmark.models.controls._estimators import boosting_settings
from benchmark.models.controls._matrix import Matrix, Scaler
from benchmark.models.controls.config import BoostingConfig, RidgeRegressionConfig


class LinearRegressor:
    """L2 linear regression on standardised features, missing ones at the training mean.

    Minimises ``1/(2N) sum (y - x w - b)^2 + penalty / 2 |w|^2`` with y in units of its training
    standard deviation. Of the penalties tried, the one with the lowest validation squared error is
    kept, of equal ones the strongest.

    Args:
        config: Penalties.
    """

    def __init__(self, config: RidgeRegressionConfig) -> None:
        self.config = config
        self.penalty = 0.0

    def fit(self, x: Matrix, y: Matrix, x_val: Matrix, y_val: Matrix) -> None:
        """Fit one regression per penalty on (N, F) and (N,), and keep the best."""
        self._scale, self._unit = Scaler(x), Scaler(y[:, None])
        train, val = self._scale(x), self._scale(x_val)
        best = np.inf
        for penalty in sorted(self.config.penalty, reverse=True):
            model = Ridge(alpha=penalty * len(y), solver="svd")
            model.fit(train, self._unit(y[:, None])[:, 0])
            error = float(((model.predict(val) - self._unit(y_val[:, None])[:, 0]) ** 2).mean())
            if error < best:
                best, self.penalty, self._model = error, penalty, model

    def predict(self, x: Matrix) -> Matrix:
        """Return values (N,)."""
        value = self._model.predict(self._scale(x))
        return np.asarray(value * self._unit.scale + self._unit.mean, dtype=np.float64)


class BoostRegression:
    """Gradient-boosted trees under squared error, stopped early on validation.

    See ``_estimators.Boost``.

    Args:
        config: Size and number of trees.
        seed: Of the drawn rows and features.
    """

    def __init__(self, config: BoostingConfig, seed: int) -> None:
        self.config = config
        self.seed = seed

    def fit(self, x: Matrix, y: Matrix, x_val: Matrix, y_val: Matrix) -> None:
        """Add trees on (N, F) and (N,) until the validation error stops falling."""
        self._model: Any = XGBRegressor(
            objective="reg:squarederror",
            eval_metric="rmse",
            **boosting_settings(self.config, self.seed),
        )
        self._model.fit(x, y, eval_set=[(x_val, y_val)], verbose=False)

    def predict(self, x: Matrix) -> Matrix:
        """Return values (N,) of the best round."""
        return np.asarray(self._model.predict(x), dtype=np.float64)
