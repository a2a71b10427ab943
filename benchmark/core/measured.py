"""Measurements of many series, one entry each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measured:
    """Every measurement of N series of C channels, by series, then time.

    Attributes:
        series: N.
        channels: C.
        owner: (K,) int64 series of each measurement, ascending.
        channel: (K,) int64.
        value: (K,) float64.
    """

    series: int
    channels: int
    owner: NDArray[np.int64]
    channel: NDArray[np.int64]
    value: NDArray[np.float64]

    def only(self, rows: NDArray[np.bool_]) -> Measured:
        """Return the same without the measurements of series where ``rows`` (N,) is False."""
        kept = rows[self.owner]
        return Measured(
            self.series, self.channels, self.owner[kept], self.channel[kept], self.value[kept]
        )
