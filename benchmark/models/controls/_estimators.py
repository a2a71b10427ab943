"""What is fitted on a flat matrix, without a notion of modalities; classifiers."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from benchmark.models.controls._matrix import Matrix, Scaler
from benchmark.models.controls.config import BoostingConfig, RidgeLogisticConfig

Labels = NDArray[np.int64]


class Estimator(Protocol):
    """What is fitted on one target.

    Targets are classes 0..K-1, K >= 2, all of them among the training labels, (N,) int64; values
    (N,) float64; or time and event (N, 2) float64.
    """

    def fit(self, x: Matrix, y: Any, x_val: Matrix, y_val: Any) -> None:
        """Fit on (N, F) and targets; choose on the validation rows. NaN is a missing value."""

    def predict(self, x: Matrix) -> Matrix:
        """Return probabilities (N, K), values (N,) or risks (N,)."""


class Ridge:
    """L2 logistic regression on standardised features, missing ones at the training mean.

    Of the penalties tried, the one with the lowest validation log-loss is kept, of equal ones the
    strongest.

    Args:
        config: Penalties and solver limit.
    """

    def __init__(self, config: RidgeLogisticConfig) -> None:
        self.config = config
        self.c = 0.0

    def fit(self, x: Matrix, y: Labels, x_val: Matrix, y_val: Labels) -> None:
        """Fit one regression per penalty and keep the best."""
        self._scale = Scaler(x)
        train, val = self._scale(x), self._scale(x_val)
        best = np.inf
        for c in sorted(self.config.c):
            model = LogisticRegression(C=c, max_iter=self.config.max_iter).fit(train, y)
            loss = log_loss(y_val, model.predict_proba(val))
            if loss < best:
                best, self.c, self._model = loss, c, model

    def predict(self, x: Matrix) -> Matrix:
        """Return probabilities (N, K)."""
        return np.asarray(self._model.predict_proba(self._scale(x)), dtype=np.float64)


class Boost:
    """Gradient-boosted trees (Chen and Guestrin, "XGBoost", 2016), stopped early on validation.

    Missing values take the branch learned for them. One thread, so equal seeds give equal trees.

    Args:
        config: Size and number of trees.
        seed: Of the drawn rows and features.
    """

    def __init__(self, config: BoostingConfig, seed: int) -> None:
        self.config = config
        self.seed = seed

    def fit(self, x: Matrix, y: Labels, x_val: Matrix, y_val: Labels) -> None:
        """Add trees until the validation log-loss stops falling."""
        binary = int(y.max()) == 1
        self._model: Any = XGBClassifier(
            objective="binary:logistic" if binary else "multi:softprob",
            eval_metric="logloss" if binary else "mlogloss",
            **boosting_settings(self.config, self.seed),
        )
        self._model.fit(x, y, eval_set=[(x_val, y_val)], verbose=False)

    def predict(self, x: Matrix) -> Matrix:
        """Return probabilities (N, K) of the best round; float32 sums are made to add up to 1."""
        raw = np.asarray(self._model.predict_proba(x), dtype=np.float64)
        return np.asarray(raw / raw.sum(axis=1, keepdims=True), dtype=np.float64)


def log_loss(y: Labels, probabilities: Matrix) -> float:
    """Return the mean of -log p of the true class (N,); p is floored at 1e-15."""
    chosen = probabilities[np.arange(len(y)), y]
    return float(-np.log(np.maximum(chosen, 1e-15)).mean())


def boosting_settings(config: BoostingConfig, seed: int) -> dict[str, Any]:
    """Return what every kind of boosted trees is built with."""
    return {
        "n_estimators": config.rounds,
        "learning_rate": config.learning_rate,
        "max_depth": config.depth,
        "subsample": config.subsample,
        "colsample_bytree": config.columns,
        "early_stopping_rounds": config.patience,
        "tree_method": "hist",
        "n_jobs": 1,
        "random_state": seed % 2**31,  # the library's seeds are signed 32-bit numbers
    }
