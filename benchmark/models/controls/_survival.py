"""Survival estimators on a flat matrix, without a notion of modalities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from xgboost import XGBRegressor

from benchmark.core.errors import DataError
from benchmark.metrics._base import Undefined
from benchmark.metrics.c_index import c_index
from benchmark.models.controls._cox import fit_cox
from benchmark.models.controls._estimators import boosting_settings
from benchmark.models.controls._matrix import Components, Matrix, Scaler
from benchmark.models.controls.config import BoostingConfig, PCARidgeCoxConfig, RidgeCoxConfig


class LinearCox:
    """L2 Cox regression on standardised features, missing ones at the training mean.

    Of the penalties tried, the one with the highest validation c-index is kept, of equal ones the
    strongest.

    Args:
        config: Penalties.
    """

    def __init__(self, config: RidgeCoxConfig) -> None:
        self.config = config
        self.penalty = 0.0

    def fit(self, x: Matrix, y: Matrix, x_val: Matrix, y_val: Matrix) -> None:
        """Fit one regression per penalty and keep the best.

        Args:
            x: (N, F) features; NaN is missing.
            y: (N, 2) time and event.
            x_val: Likewise.
            y_val: Likewise.

        Raises:
            DataError: The validation part has no comparable pair and there is a choice to make.
        """
        self._prepare = self._preparation(x)
        train, val = self._prepare(x), self._prepare(x_val)
        best, grid = -np.inf, sorted(self.config.penalty, reverse=True)
        for penalty, weights in zip(grid, fit_cox(train, y, grid), strict=True):
            value = self._worth(y_val, val @ weights)
            if value > best:
                best, self.penalty, self._weights = value, penalty, weights

    def predict(self, x: Matrix) -> Matrix:
        """Return log-risks (N,)."""
        return np.asarray(self._prepare(x) @ self._weights, dtype=np.float64)

    def _preparation(self, x: Matrix) -> Callable[[Matrix], Matrix]:
        """Return what turns features into those the weights are for, fitted on training rows."""
        return Scaler(x)

    def _worth(self, y: Matrix, risk: Matrix) -> float:
        if len(self.config.penalty) == 1:
            return 0.0
        try:
            return c_index(y, risk)
        except Undefined as reason:
            raise DataError(
                f"the penalty of ridge Cox cannot be chosen on the validation part: {reason}",
                "give one penalty, or choose a split whose validation part has events",
            ) from None


class ComponentCox(LinearCox):
    """L2 Cox regression on principal components of blocks of features.

    Every block is standardised and cut to its first components, which keep their variances, so
    that the penalty weighs on the small ones most. What lies behind the blocks, the observed flags,
    is standardised only.

    Args:
        config: Penalties, number of components.
        widths: Features of each block, in order.
    """

    def __init__(self, config: PCARidgeCoxConfig, widths: Sequence[int]) -> None:
        super().__init__(config)
        self._components = config.components
        self._edges = np.cumsum(widths)

    def _preparation(self, x: Matrix) -> Callable[[Matrix], Matrix]:
        scale = Scaler(x)
        *blocks, _ = np.split(scale(x), self._edges, axis=1)
        reduce = [Components(block, self._components) for block in blocks]

        def prepare(rows: Matrix) -> Matrix:
            *parts, flags = np.split(scale(rows), self._edges, axis=1)
            scores = [one(part) for one, part in zip(reduce, parts, strict=True)]
            return np.concatenate([*scores, flags], axis=1)

        return prepare


class BoostCox:
    """Gradient-boosted trees under Cox's partial likelihood, stopped early on validation.

    Objective ``survival:cox`` of xgboost, which takes censored times as negative numbers. See
    ``_estimators.Boost``.

    Args:
        config: Size and number of trees.
        seed: Of the drawn rows and features.
    """

    def __init__(self, config: BoostingConfig, seed: int) -> None:
        self.config = config
        self.seed = seed

    def fit(self, x: Matrix, y: Matrix, x_val: Matrix, y_val: Matrix) -> None:
        """Add trees until the validation partial likelihood stops rising.

        Args:
            x: (N, F) features; NaN is missing.
            y: (N, 2) time and event.
            x_val: Likewise.
            y_val: Likewise.
        """
        self._model: Any = XGBRegressor(
            objective="survival:cox",
            eval_metric="cox-nloglik",
            **boosting_settings(self.config, self.seed),
        )
        self._model.fit(x, _signed(y), eval_set=[(x_val, _signed(y_val))], verbose=False)

    def predict(self, x: Matrix) -> Matrix:
        """Return log-risks (N,) of the best round."""
        return np.asarray(self._model.predict(x, output_margin=True), dtype=np.float64)


def _signed(y: Matrix) -> Matrix:
    return np.where(y[:, 1] == 1, y[:, 0], -y[:, 0])
