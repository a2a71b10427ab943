"""Datasets whose modalities are all plain feature vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.core.batch import ModalityData
from benchmark.core.errors import DataError
from benchmark.datasets._base import Dataset, Rows

Values = NDArray[np.float64]
#: From (K, F) raw features to (K, F') features models see.
Transform = Callable[[Any], Values]


@dataclass(frozen=True)
class Standardizer:
    """Shift and scale of every feature of one modality.

    Attributes:
        mean: (F,).
        scale: (F,) standard deviation (ddof 0); 1 for a feature that does not vary.
    """

    mean: Values
    scale: Values

    @classmethod
    def fit(cls, values: Values) -> Standardizer:
        """Estimate from ``values``, (K, F), K >= 1."""
        # The range, not the deviation, tells a constant: rounding leaves a deviation above 0.
        varies = np.ptp(values, axis=0) > 0
        return cls(mean=values.mean(axis=0), scale=np.where(varies, values.std(axis=0), 1.0))

    def __call__(self, values: Values) -> Values:
        """Return (values - mean) / scale, (K, F)."""
        return (values - self.mean) / self.scale


class VectorDataset(Dataset):
    """A dataset held in memory as one matrix per modality.

    Features are standardised with mean and standard deviation of the observed training rows, unless
    a subclass says otherwise in :meth:`fit_values`.

    Attributes:
        values: (N, F_m) raw features by modality; rows of unobserved samples are never read.
    """

    values: Mapping[str, Any]

    def fit_values(self, modality: str, values: Any) -> Transform:
        """Estimate what turns raw features of one modality into those models see.

        Args:
            modality: Name.
            values: (K, F_m) raw features of the observed training rows, K >= 1.
        """
        return Standardizer.fit(values)

    def fit(
        self, train_rows: Rows, observed: NDArray[np.bool_] | None = None
    ) -> dict[str, Transform]:
        """Estimate one transform per modality on the observed training rows.

        A modality that no sample at all has needs none; one that the run drops from every training
        row gets none, as nothing may be estimated from it.

        Raises:
            DataError: Some samples have a modality, but no training row.
        """
        fitted: dict[str, Transform] = {}
        seen = self.observed(train_rows) if observed is None else observed
        for (name, there), used in zip(self._observed(train_rows).items(), seen.T, strict=True):
            dropped = bool(there.any()) and not used.any()
            if dropped or not self.samples[f"observed:{name}"].any():
                fitted[name] = partial(_blank, self.component.modality(name).shape[0])
                continue
            if not there.any():
                raise DataError(
                    f"no training row of {self.component.dataset!r} has modality {name!r}",
                    "leave the modality out or choose another split",
                )
            fitted[name] = self.fit_values(name, self.values[name][train_rows[there & used]])
        return fitted

    def tensors(self, rows: Rows, preprocessor: Mapping[str, Transform]) -> dict[str, ModalityData]:
        """Return transformed float32 features by modality; zeros where unobserved."""
        import torch

        features = self.control_features(rows, preprocessor)
        return {
            name: ModalityData(torch.from_numpy(np.nan_to_num(values, nan=0.0).astype(np.float32)))
            for name, values in features.items()
        }

    def control_features(
        self, rows: Rows, preprocessor: Mapping[str, Transform]
    ) -> dict[str, NDArray[np.float64]]:
        """Return transformed features by modality; NaN rows where unobserved."""
        features = {}
        for name, there in self._observed(rows).items():
            width = self.component.modality(name).shape[0]
            features[name] = np.full((len(rows), width), np.nan)
            if there.any():
                features[name][there] = preprocessor[name](self.values[name][rows[there]])
        return features

    def _observed(self, rows: Rows) -> dict[str, NDArray[np.bool_]]:
        names = [modality.name for modality in self.component.modalities]
        return dict(zip(names, self.observed(rows).T, strict=True))


def _blank(width: int, values: Any) -> Values:
    """Return zeros (K, width) for K rows that no run looks at."""
    return np.zeros((len(values), width))
