"""Classifiers on a flat matrix, without a notion of tasks or modalities."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from benchmark.models.controls.config import BoostingConfig, RidgeLogisticConfig

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]


class Estimator(Protocol):
    """A classifier of K >= 2 classes 0..K-1, all of them among the training labels."""

    def fit(self, x: Matrix, y: Labels, x_val: Matrix, y_val: Labels) -> None:
        """Fit on (N, F) and (N,); choose on the validation rows. NaN is a missing value."""

    def predict(self, x: Matrix) -> Matrix:
        """Return probabilities (N, K)."""


class Ridge:
    """L2 logistic regression on standardised features, missing ones at the training mean.

    Mean and standard deviation come from the values present in the training rows; a feature without
    any, or without spread, is 0 throughout. Of the penalties tried, the one with the lowest
    validation log-loss is kept, of equal ones the strongest.

    Args:
        config: Penalties and solver limit.
    """

    def __init__(self, config: RidgeLogisticConfig) -> None:
        self.config = config
        self.c = 0.0

    def fit(self, x: Matrix, y: Labels, x_val: Matrix, y_val: Labels) -> None:
        """Fit one regression per penalty and keep the best."""
        self._mean, self._scale = _moments(x)
        train, val = self._prepare(x), self._prepare(x_val)
        best = np.inf
        for c in sorted(self.config.c):
            model = LogisticRegression(C=c, max_iter=self.config.max_iter).fit(train, y)
            loss = log_loss(y_val, model.predict_proba(val))
            if loss < best:
                best, self.c, self._model = loss, c, model

    def predict(self, x: Matrix) -> Matrix:
        """Return probabilities (N, K)."""
        return np.asarray(self._model.predict_proba(self._prepare(x)), dtype=np.float64)

    def _prepare(self, x: Matrix) -> Matrix:
        scaled: Matrix = np.nan_to_num((x - self._mean) / self._scale, nan=0.0)
        return scaled


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
            n_estimators=self.config.rounds,
            learning_rate=self.config.learning_rate,
            max_depth=self.config.depth,
            subsample=self.config.subsample,
            colsample_bytree=self.config.columns,
            early_stopping_rounds=self.config.patience,
            objective="binary:logistic" if binary else "multi:softprob",
            eval_metric="logloss" if binary else "mlogloss",
            tree_method="hist",
            n_jobs=1,
            random_state=self.seed % 2**31,  # the library's seeds are signed 32-bit numbers
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


def _moments(x: Matrix) -> tuple[Matrix, Matrix]:
    """Mean and standard deviation (F,) over the values present; 0 and 1 where there are none."""
    there = np.isfinite(x)
    count = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, x, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(there, x - mean, 0.0) ** 2).sum(axis=0) / count)
    return mean, np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1e-300), spread, 1.0)
