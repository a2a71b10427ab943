"""Published ways to turn an hourly grid with gaps into numbers; fitted on training rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.icu.ragged import Index
from benchmark.datasets.icu.series import ChannelScaler, Values, filled_forward

#: From rows to their grid (R, hours, channels), NaN where nothing was measured.
Grid = Callable[[Index], Values]
#: Rows whose grid is held at once while fitting.
_CHUNK = 1024


@dataclass(frozen=True)
class FilledGrid:
    """FuseMoE's grid: last value before, else the channel's mean; scaled as it is then.

    Attributes:
        fill: (C,) mean of the training measurements; 0 for a channel that no training stay has.
        filled: Mean and spread of the training grid without gaps.
    """

    fill: Values
    filled: ChannelScaler

    @classmethod
    def fit(cls, grid: Grid, rows: Index, measured: ChannelScaler) -> FilledGrid:
        """Estimate from training rows.

        Args:
            grid: Gives their grid.
            rows: Training stays.
            measured: Of the measurements of these.
        """
        moments = _moments(_without_gaps(part, measured.mean) for part in _parts(grid, rows))
        return cls(measured.mean, moments or ChannelScaler(measured.mean, measured.scale))

    def __call__(self, grid: Values) -> Values:
        """Return scaled values and measured flags, (R, hours, 2 C)."""
        scaled = (_without_gaps(grid, self.fill) - self.filled.mean) / self.filled.scale
        return np.concatenate([scaled, np.isfinite(grid)], axis=2)


@dataclass(frozen=True)
class HourBefore:
    """The grid of FLAME's loader, as released.

    In an hour in which something was measured, other channels hold what the grid holds an hour
    before; an hour without any measurement holds zeros, so that values are lost behind it.

    Attributes:
        measured: Mean and spread of the training measurements.
    """

    measured: ChannelScaler

    def __call__(self, grid: Values) -> Values:
        """Return scaled values and measured flags, (R, hours, 2 C)."""
        there = np.isfinite(grid)
        scaled = (grid - self.measured.mean) / self.measured.scale
        found = np.zeros(grid.shape)
        for hour in range(grid.shape[1]):
            before = found[:, hour - 1] if hour else np.zeros_like(found[:, 0])
            some = there[:, hour].any(axis=1, keepdims=True)
            carried = np.where(some, before, 0.0)
            found[:, hour] = np.where(there[:, hour], scaled[:, hour], carried)
        return np.concatenate([found, there], axis=2)


@dataclass(frozen=True)
class Discretiser:
    """The MIMIC-III benchmark's discretiser and normaliser (Harutyunyan et al. 2019).

    The last value of the hour, else that before, else the channel's normal value; categories
    one-hot, numbers standardised by the training grid; then flags of what was measured. The
    benchmark has 59 + 17 columns, as it spells each level of the coma scale's parts in two ways;
    MIMIC-IV has one spelling, hence 42 + 17.

    Attributes:
        normal: (C,) normal values.
        levels: Levels of each category, empty for numbers.
        filled: Mean and spread of the training grid without gaps.
    """

    normal: Values
    levels: tuple[tuple[int, ...], ...]
    filled: ChannelScaler

    @classmethod
    def fit(
        cls, grid: Grid, rows: Index, normal: Sequence[float], levels: Sequence[tuple[int, ...]]
    ) -> Discretiser:
        """Estimate from training rows; see the attributes."""
        usual = np.asarray(normal, dtype=np.float64)
        moments = _moments(_without_gaps(part, usual) for part in _parts(grid, rows))
        zero = ChannelScaler(np.zeros(len(usual)), np.ones(len(usual)))
        return cls(usual, tuple(levels), moments or zero)

    @staticmethod
    def width(levels: Sequence[tuple[int, ...]]) -> int:
        """Return the number of columns."""
        return sum(len(one) or 1 for one in levels) + len(levels)

    def __call__(self, grid: Values) -> Values:
        """Return (R, hours, width)."""
        filled = _without_gaps(grid, self.normal)
        scaled = (filled - self.filled.mean) / self.filled.scale
        parts = [
            np.rint(filled[:, :, c, None]) == np.array(one) if one else scaled[:, :, c, None]
            for c, one in enumerate(self.levels)
        ]
        return np.concatenate([*parts, np.isfinite(grid)], axis=2).astype(np.float64)


Imputation = Literal["forward", "fusemoe", "flame_asrun", "mimic3"]


def _without_gaps(grid: Values, fill: Values) -> Values:
    carried = filled_forward(grid)
    return np.where(np.isfinite(carried), carried, fill)


def _parts(grid: Grid, rows: Index) -> Iterator[Values]:
    for start in range(0, len(rows), _CHUNK):
        yield grid(rows[start : start + _CHUNK])


def _moments(parts: Iterator[Values]) -> ChannelScaler | None:
    """Return mean and spread of the channels of grids, merged part by part (Chan et al. 1983)."""
    count, mean, square = 0, np.zeros(0), np.zeros(0)
    for part in parts:
        flat: NDArray[np.float64] = part.reshape(-1, part.shape[2])
        n, own = len(flat), flat.mean(axis=0)
        own_square = ((flat - own) ** 2).sum(axis=0)
        if not count:
            count, mean, square = n, own, own_square
            continue
        shift, total = own - mean, count + n
        mean = mean + shift * n / total
        square = square + own_square + shift**2 * count * n / total
        count = total
    if not count:
        return None
    spread = np.sqrt(square / count)
    return ChannelScaler(mean, np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1e-30), spread, 1))
