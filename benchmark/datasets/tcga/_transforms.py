"""Fitted on training rows: scaling with gaps filled, and outliers clipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets._vector import Standardizer, Values

#: Raw z-scores of the open tables reach 36,893; beyond this a value says no more than "high".
CLIP = 5.0


@dataclass(frozen=True)
class Filler:
    """A standardizer for values with gaps: NaN becomes the training mean, which is 0.

    Attributes:
        standardizer: Mean and scale over the values present.
    """

    standardizer: Standardizer

    @classmethod
    def fit(cls, values: Values) -> Filler:
        """Estimate from the finite ones of ``values``, (K, F)."""
        there = np.isfinite(values)
        count = np.maximum(there.sum(axis=0), 1)
        mean = np.where(there, values, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(there, values - mean, 0.0) ** 2).sum(axis=0) / count)
        low = np.where(there, values, np.inf).min(axis=0)
        high = np.where(there, values, -np.inf).max(axis=0)
        return cls(Standardizer(mean, np.where(high > low, spread, 1.0)))

    def __call__(self, values: Values) -> Values:
        """Return standardised values, (K, F), without gaps."""
        return np.nan_to_num(self.standardizer(values), nan=0.0, posinf=0.0, neginf=0.0)


@dataclass(frozen=True)
class Clipper:
    """Features with heavy tails: chosen columns, standardised, then clipped to ±5.

    z-scores over another population are clipped before, too, or one outlier would set the scale.

    Attributes:
        columns: Columns kept.
        zscores: Whether raw values are z-scores.
        filler: Standardises.
    """

    columns: NDArray[np.int64]
    zscores: bool
    filler: Filler

    @classmethod
    def fit(cls, values: Values, zscores: bool = False, count: int | None = None) -> Clipper:
        """Estimate from training rows, (K, F).

        Args:
            values: Raw features.
            zscores: Whether they are z-scores.
            count: Columns with the largest median absolute deviation to keep; None is all.
        """
        tamed = _clip(values) if zscores else values
        width = values.shape[1]
        columns = np.arange(width) if count is None else _most_variable(tamed, count)
        return cls(columns, zscores, Filler.fit(tamed[:, columns]))

    def __call__(self, values: Values) -> Values:
        """Return (K, columns kept), all within ±5."""
        chosen = values[:, self.columns]
        return _clip(self.filler(_clip(chosen) if self.zscores else chosen))


def _clip(values: Values) -> Values:
    return np.clip(values, -CLIP, CLIP)


def _most_variable(values: Values, count: int) -> NDArray[np.int64]:
    """Return the columns with the largest median absolute deviation, in their order.

    Gaps count as the median; of equals the earlier column is taken.
    """
    filled = np.where(np.isfinite(values), values, np.nan)
    empty = np.isnan(filled).all(axis=0)
    filled[:, empty] = 0.0
    median = np.nanmedian(filled, axis=0)
    deviation = np.nan_to_num(np.abs(filled - median), nan=0.0)
    order = np.argsort(-np.median(deviation, axis=0), kind="stable")
    return np.sort(order[:count]).astype(np.int64)
