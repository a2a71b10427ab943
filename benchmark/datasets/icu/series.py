"""Series of measurements: hourly grid or irregular, scaled on training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.icu.ragged import Index, Ragged

Values = NDArray[np.float64]
MINUTES_PER_BIN = 60
#: Stays whose measurements are held at once while fitting; a release has hundreds of millions.
_STAYS = 4096


@dataclass(frozen=True)
class ChannelScaler:
    """Mean and standard deviation of every channel over the measurements of training stays.

    Attributes:
        mean: (C,); 0 for a channel that no training stay has.
        scale: (C,); 1 for a channel without spread.
    """

    mean: Values
    scale: Values

    @classmethod
    def fit(cls, series: Ragged, rows: Index, channels: int) -> ChannelScaler:
        """Estimate from the measurements of ``rows``, some stays at a time."""
        assert series.values is not None
        parts = [rows[start : start + _STAYS] for start in range(0, len(rows), _STAYS)]
        count, total, square = np.zeros((3, channels))
        for part in parts:
            kinds, values = _measurements(series, part)
            count += np.bincount(kinds, minlength=channels)
            total += np.bincount(kinds, values, channels)
        count = np.maximum(count, 1)
        mean = total / count
        for part in parts:
            kinds, values = _measurements(series, part)
            square += np.bincount(kinds, (values - mean[kinds]) ** 2, channels)
        spread = np.sqrt(square / count)
        return cls(mean, np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1e-30), spread, 1.0))


def _measurements(series: Ragged, rows: Index) -> tuple[NDArray[np.int32], Values]:
    assert series.values is not None
    _, events = series.select(rows)
    return series.kinds[events], series.values[events].astype(np.float64)


def hourly_grid(series: Ragged, rows: Index, channels: int, hours: int) -> Values:
    """Return the last value of every hour, (R, hours, channels); NaN where nothing was measured."""
    assert series.values is not None
    owners, events = series.select(rows)
    bins = (series.minutes[events] // MINUTES_PER_BIN).astype(np.int64)
    inside = (bins >= 0) & (bins < hours)
    grid = np.full((len(rows), hours, channels), np.nan)
    # Events come in order of time, and of repeated positions the last assignment stays.
    place = (owners[inside], bins[inside], series.kinds[events[inside]])
    grid[place] = series.values[events[inside]]
    return grid


def filled_forward(grid: Values) -> Values:
    """Carry the last value of each channel on to later hours; NaN before the first."""
    hours = np.arange(grid.shape[1])[None, :, None]
    last = np.maximum.accumulate(np.where(np.isfinite(grid), hours, -1), axis=1)
    carried = np.take_along_axis(grid, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, carried, np.nan)


def grid_inputs(grid: Values, scaler: ChannelScaler) -> Values:
    """Return scaled values and measured flags side by side, (R, hours, 2 channels).

    What was not measured in an hour holds the last value before it; before the first measurement
    the training mean, which is 0 after scaling.
    """
    scaled = (filled_forward(grid) - scaler.mean) / scaler.scale
    return np.concatenate([np.nan_to_num(scaled, nan=0.0), np.isfinite(grid)], axis=2)


@dataclass(frozen=True)
class Irregular:
    """Measurements at the times they were taken.

    Attributes:
        values: (R, steps, channels) scaled; 0 where not measured.
        measured: (R, steps, channels) bool.
        hours: (R, steps) since the start of the window; 0 behind the last step.
        lengths: (R,) steps of each stay.
    """

    values: Values
    measured: NDArray[np.bool_]
    hours: Values
    lengths: Index


def irregular(
    series: Ragged, rows: Index, channels: int, steps: int, scaler: ChannelScaler
) -> Irregular:
    """Return one step per distinct time, the last ``steps`` of each stay.

    A channel measured twice at one time counts with the later entry.
    """
    assert series.values is not None
    owners, events = series.select(rows)
    minutes = series.minutes[events]
    new = np.ones(len(events), dtype=bool)
    new[1:] = (np.diff(owners) != 0) | (np.diff(minutes) != 0)
    step = np.cumsum(new) - 1
    counts = np.bincount(owners[new], minlength=len(rows))
    first = np.cumsum(counts) - counts
    late = np.maximum(counts - steps, 0)
    at = step - (first + late)[owners]
    kept = at >= 0
    owners, at, events = owners[kept], at[kept], events[kept]
    kinds = series.kinds[events]
    values = np.zeros((len(rows), steps, channels))
    measured = np.zeros(values.shape, dtype=bool)
    hours = np.zeros(values.shape[:2])
    values[owners, at, kinds] = (series.values[events] - scaler.mean[kinds]) / scaler.scale[kinds]
    measured[owners, at, kinds] = True
    hours[owners, at] = series.minutes[events] / 60
    return Irregular(values, measured, hours, np.minimum(counts, steps))


def summaries(grid: Values) -> Values:
    """Return mean, minimum, maximum, last value and number of hours measured, (R, 5 channels).

    The features controls see of a series; NaN (and 0 hours) where a channel was never measured.
    """
    measured = np.isfinite(grid)
    count = measured.sum(axis=1)
    never = count == 0
    total = np.where(measured, grid, 0.0).sum(axis=1)
    parts = (
        total / np.maximum(count, 1),
        np.where(measured, grid, np.inf).min(axis=1),
        np.where(measured, grid, -np.inf).max(axis=1),
        filled_forward(grid)[:, -1],
    )
    return np.concatenate([*(np.where(never, np.nan, part) for part in parts), count], axis=1)
