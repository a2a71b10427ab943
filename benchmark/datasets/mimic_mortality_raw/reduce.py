"""What is estimated on training patients: which items and categories count, how they are scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Values = NDArray[np.float64]
#: Beyond this many deviations a value says no more than "high".
CLIP = 5.0


@dataclass(frozen=True)
class Columns:
    """Columns that most training patients have.

    Attributes:
        kept: (K,) columns of the release, rising.
        width: Of the result; columns behind K stay empty.
        total: Columns of the release.
    """

    kept: NDArray[np.int64]
    width: int
    total: int

    @classmethod
    def fit(cls, found: csr_matrix, width: int) -> Columns:
        """Choose columns by the number of rows of ``found`` that hold them; of equals the first."""
        patients = np.bincount(found.indices, minlength=found.shape[1])
        order = np.argsort(-patients, kind="stable")[:width]
        return cls(np.sort(order[patients[order] > 0]), width, found.shape[1])

    def dense(self, found: csr_matrix, empty: float) -> Values:
        """Return (R, width) with ``empty`` where a row does not hold a column."""
        place = np.full(self.total, -1)
        place[self.kept] = np.arange(len(self.kept))
        owners = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
        columns = place[found.indices]
        inside = columns >= 0
        values = np.full((found.shape[0], self.width), empty)
        values[owners[inside], columns[inside]] = found.data[inside]
        return values


@dataclass(frozen=True)
class LabReducer:
    """Chosen items, standardised where wanted.

    Attributes:
        columns: Items.
        mean: (width,) over the training patients that have the item; 0 unless scaled.
        scale: (width,) their deviation; 1 for an item that does not vary, or unless scaled.
        scaled: Whether values are standardised and clipped.
    """

    columns: Columns
    mean: Values
    scale: Values
    scaled: bool

    @classmethod
    def fit(cls, found: csr_matrix, width: int, scaled: bool) -> LabReducer:
        """Estimate from the measurements of training patients."""
        columns = Columns.fit(found, width)
        mean, scale = np.zeros(width), np.ones(width)
        if scaled:
            data, total = found.data.astype(np.float64), found.shape[1]
            count = np.maximum(np.bincount(found.indices, minlength=total), 1)
            centre = np.bincount(found.indices, data, total) / count
            square = np.bincount(found.indices, (data - centre[found.indices]) ** 2, total)
            spread = np.sqrt(square / count)
            varies = spread > 1e-6 * np.maximum(np.abs(centre), 1e-30)
            kept = columns.kept
            mean[: len(kept)] = centre[kept]
            scale[: len(kept)] = np.where(varies, spread, 1.0)[kept]
        return cls(columns, mean, scale, scaled)

    def __call__(self, found: csr_matrix) -> Values:
        """Return (R, width); 0 where an item was not measured."""
        values = self.columns.dense(found, np.nan)
        if self.scaled:
            values = np.clip((values - self.mean) / self.scale, -CLIP, CLIP)
        return np.nan_to_num(values, nan=0.0)

    def measured(self, found: csr_matrix) -> Values:
        """Return what controls see, (R, width + 1): values as measured, NaN, and their number."""
        values = self.columns.dense(found, np.nan)
        count = np.isfinite(values).sum(axis=1, keepdims=True)
        return np.concatenate([values, count], axis=1)
