"""Datasets whose modalities are all plain feature vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.core.batch import ModalityData
from benchmark.core.errors import DataError
from benchmark.datasets._base import Dataset, Rows

Values = NDArray[np.float64]


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

    Features are standardised with mean and standard deviation of the observed training rows.

    Attributes:
        values: (N, F_m) raw features by modality; rows of unobserved samples are never read.
    """

    values: Mapping[str, Values]

    def fit(self, train_rows: Rows) -> dict[str, Standardizer]:
        """Estimate one standardizer per modality on the observed training rows.

        Raises:
            DataError: No training row has the modality.
        """
        fitted = {}
        for name, there in self._observed(train_rows).items():
            if not there.any():
                raise DataError(
                    f"no training row of {self.component.dataset!r} has modality {name!r}",
                    "leave the modality out or choose another split",
                )
            fitted[name] = Standardizer.fit(self.values[name][train_rows[there]])
        return fitted

    def tensors(
        self, rows: Rows, preprocessor: Mapping[str, Standardizer]
    ) -> dict[str, ModalityData]:
        """Return standardised float32 features by modality; zeros where unobserved."""
        import torch

        features = self.control_features(rows, preprocessor)
        return {
            name: ModalityData(torch.from_numpy(np.nan_to_num(values, nan=0.0).astype(np.float32)))
            for name, values in features.items()
        }

    def control_features(
        self, rows: Rows, preprocessor: Mapping[str, Standardizer]
    ) -> dict[str, NDArray[np.float64]]:
        """Return standardised features by modality; NaN rows where unobserved."""
        features = {}
        for name, there in self._observed(rows).items():
            values = preprocessor[name](self.values[name][rows])
            features[name] = np.where(there[:, None], values, np.nan)
        return features

    def _observed(self, rows: Rows) -> dict[str, NDArray[np.bool_]]:
        names = [modality.name for modality in self.component.modalities]
        return dict(zip(names, self.observed(rows).T, strict=True))
