"""What controls see of a regularly sampled series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def series_features(values: Values, there: NDArray[np.bool_]) -> Values:
    """Return mean, smallest, largest and last value of each feature, then the number of steps.

    Args:
        values: (N, T, F).
        there: (N, T) which steps are no padding.

    Returns:
        (N, 4 F + 1); zeros for a series without any step.
    """
    count = there.sum(axis=1)
    mask = there[:, :, None]
    some = np.maximum(count, 1)[:, None]
    last = values[np.arange(len(values)), there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)]
    parts = [
        np.where(mask, values, 0.0).sum(axis=1) / some,
        np.where(mask, values, np.inf).min(axis=1, initial=np.inf),
        np.where(mask, values, -np.inf).max(axis=1, initial=-np.inf),
        last,
    ]
    empty = (count == 0)[:, None]
    filled = [np.where(empty, 0.0, part) for part in parts]
    return np.concatenate([*filled, count[:, None].astype(np.float64)], axis=1)
