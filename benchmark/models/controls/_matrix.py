"""Flat matrices: standardised, missing values at the training mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


class Scaler:
    """Standardises features; what is missing becomes 0, the training mean.

    Mean and standard deviation (ddof 0) come from the values present in the training rows; a
    feature without any, or without spread, is 0 throughout the training rows.

    Args:
        x: (N, F) training rows; NaN is missing.
    """

    def __init__(self, x: Matrix) -> None:
        there = np.isfinite(x)
        count = np.maximum(there.sum(axis=0), 1)
        self.mean: Matrix = np.where(there, x, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(there, x - self.mean, 0.0) ** 2).sum(axis=0) / count)
        varies = spread > 1e-12 * np.maximum(np.abs(self.mean), 1e-300)
        self.scale: Matrix = np.where(varies, spread, 1.0)

    def __call__(self, x: Matrix) -> Matrix:
        """Return (x - mean) / scale, (N, F), without NaN."""
        return np.nan_to_num((x - self.mean) / self.scale, nan=0.0)


class Components:
    """Principal components of standardised features.

    Args:
        x: (N, F) training rows, centred.
        count: Components kept at most; fewer where the rows span fewer.

    Attributes:
        axes: (F, K) orthonormal columns, most variance first, each with its largest entry positive.
    """

    def __init__(self, x: Matrix, count: int) -> None:
        _, values, rows = np.linalg.svd(x, full_matrices=False)
        spanned = values > 1e-10 * values.max(initial=1e-300)
        axes = rows[spanned][:count]
        largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
        self.axes: Matrix = (axes * np.sign(largest)[:, None]).T

    def __call__(self, x: Matrix) -> Matrix:
        """Return the scores (N, K)."""
        return np.asarray(x @ self.axes, dtype=np.float64)
