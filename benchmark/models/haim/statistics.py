"""What HAIM keeps of a series: eleven numbers of every channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from benchmark.core.measured import Measured

Values = NDArray[np.float64]
Index = NDArray[np.int64]

STATISTICS = (
    "max",
    "min",
    "mean",
    "variance",
    "mean_change",
    "mean_absolute_change",
    "largest_absolute_change",
    "sum_of_absolute_changes",
    "last_minus_first",
    "peaks",
    "slope",
)


def series_statistics(measured: Measured, closing_zero: bool = False) -> Values:
    r"""Return :data:`STATISTICS` of the measurements :math:`v_1 .. v_n` of every channel.

    Changes are :math:`v_{i+1} - v_i`, whatever time lies between. The variance has ddof 1. A peak
    is a value, or a run of equal values, above both neighbours. The slope is that of the line of
    least squares over the position i, 0 for a single measurement.

    Args:
        measured: Of N series and C channels.
        closing_zero: Add a measurement of 0 behind the last one, also where there is none.

    Returns:
        (N, 11 C), statistic by statistic; NaN where too few measurements define it.
    """
    groups = _grouped(measured, closing_zero)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = np.stack([*_levels(groups), *_changes(groups), _peaks(groups), _slope(groups)])
    shaped = columns.reshape(len(STATISTICS), measured.series, measured.channels)
    return np.ascontiguousarray(shaped.transpose(1, 0, 2)).reshape(measured.series, -1)


@dataclass(frozen=True)
class _Groups:
    """Measurements by series and channel, G = N C groups.

    Attributes:
        value: (K,) group by group, in time.
        group: (K,) group of each, ascending.
        position: (K,) from 0 within the group.
        count: (G,) measurements.
        first: (G,) where each group begins in ``value``.
    """

    value: Values
    group: Index
    position: Index
    count: Index
    first: Index

    def sums(self, values: Values) -> Values:
        """Return (G,) sums of (K,) values."""
        return np.asarray(np.bincount(self.group, values, len(self.count)), dtype=np.float64)

    def extremes(self, values: Values, ufunc: np.ufunc) -> Values:
        """Return (G,) smallest or largest of (K,) values; NaN for an empty group."""
        found = np.full(len(self.count), np.nan)
        there = self.count > 0
        if there.any():
            found[there] = ufunc.reduceat(values, self.first[there])
        return found


def _grouped(measured: Measured, closing_zero: bool) -> _Groups:
    groups = measured.series * measured.channels
    group = measured.owner * measured.channels + measured.channel
    value = measured.value
    if closing_zero:
        group = np.concatenate([group, np.arange(groups)])
        value = np.concatenate([value, np.zeros(groups)])
    order = np.argsort(group, kind="stable")
    group, value = group[order], value[order]
    count = np.bincount(group, minlength=groups)
    first = np.cumsum(count) - count
    return _Groups(value, group, np.arange(len(group)) - first[group], count, first)


def _levels(groups: _Groups) -> list[Values]:
    """Return largest, smallest, mean and variance, (G,) each."""
    mean = groups.sums(groups.value) / groups.count
    squares = groups.sums((groups.value - mean[groups.group]) ** 2)
    variance = np.where(groups.count > 1, squares / (groups.count - 1), np.nan)
    largest = groups.extremes(groups.value, np.maximum)
    return [largest, groups.extremes(groups.value, np.minimum), mean, variance]


def _changes(groups: _Groups) -> list[Values]:
    """Return mean, mean absolute, largest and summed absolute change, and last minus first."""
    inside = groups.position > 0
    change = np.zeros(len(groups.value))
    change[1:] = np.where(inside[1:], np.diff(groups.value), 0.0)
    steps = np.where(groups.count > 1, groups.count - 1, np.nan)
    total, absolute = groups.sums(change), groups.sums(np.abs(change))
    largest = np.where(groups.count > 1, groups.extremes(np.abs(change), np.maximum), np.nan)
    there = groups.count > 0
    return [
        total / steps,
        absolute / steps,
        largest,
        np.where(there, absolute, np.nan),
        np.where(there, total, np.nan),
    ]


def _peaks(groups: _Groups) -> Values:
    """Return the number of peaks, (G,)."""
    # Nothing is above or below NaN, so a NaN between groups keeps their ends from being peaks.
    apart = np.full(len(groups.value) + len(groups.count), np.nan)
    places = np.arange(len(groups.value)) + groups.group
    apart[places] = groups.value
    owner = np.zeros(len(apart), dtype=np.int64)
    owner[places] = groups.group
    found, _ = find_peaks(apart)
    count = np.bincount(owner[found], minlength=len(groups.count)).astype(np.float64)
    return np.where(groups.count > 0, count, np.nan)


def _slope(groups: _Groups) -> Values:
    """Return the slope of the line of least squares over positions, (G,)."""
    n = groups.count.astype(np.float64)
    off = groups.position - (n[groups.group] - 1) / 2
    found = groups.sums(off * groups.value) / (n * (n**2 - 1) / 12)
    return np.where(groups.count > 1, found, np.where(groups.count == 1, 0.0, np.nan))
