"""Published imputations of hourly grids, against plain loops and by hand."""

from __future__ import annotations

import numpy as np

from benchmark.datasets.icu.imputation import Discretiser, FilledGrid, HourBefore
from benchmark.datasets.icu.series import ChannelScaler

NAN = np.nan
#: Two stays, four hours, two channels.
GRID = np.array(
    [
        [[NAN, 1.0], [2.0, NAN], [NAN, NAN], [NAN, 3.0]],
        [[NAN, NAN], [NAN, NAN], [4.0, NAN], [6.0, NAN]],
    ]
)
ROWS = np.arange(2)
SCALER = ChannelScaler(np.array([4.0, 2.0]), np.array([2.0, 1.0]))


def test_fusemoe_fills_with_the_mean_and_scales_the_filled_grid() -> None:
    filled = np.array(
        [
            [[4.0, 1.0], [2.0, 1.0], [2.0, 1.0], [2.0, 3.0]],
            [[4.0, 2.0], [4.0, 2.0], [4.0, 2.0], [6.0, 2.0]],
        ]
    )
    fitted = FilledGrid.fit(lambda rows: GRID[rows], ROWS, SCALER)
    flat = filled.reshape(-1, 2)
    wanted = (filled - flat.mean(axis=0)) / flat.std(axis=0)
    np.testing.assert_allclose(fitted(GRID)[:, :, :2], wanted, atol=1e-12)
    np.testing.assert_array_equal(fitted(GRID)[:, :, 2:], np.isfinite(GRID))
    one = FilledGrid.fit(lambda rows: GRID[rows], ROWS[:1], SCALER)
    np.testing.assert_allclose(one.filled.mean, filled[0].mean(axis=0), atol=1e-12)


def test_moments_are_merged_over_chunks() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=(2500, 3, 2))
    fitted = FilledGrid.fit(
        lambda rows: values[rows], np.arange(2500), ChannelScaler(np.zeros(2), np.ones(2))
    )
    flat = values.reshape(-1, 2)
    np.testing.assert_allclose(fitted.filled.mean, flat.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(fitted.filled.scale, flat.std(axis=0), rtol=1e-12)


def test_flame_as_released_loses_values_behind_an_empty_hour() -> None:
    found = HourBefore(SCALER)(GRID)
    wanted = np.array(
        [
            [[0.0, -1.0], [-1.0, -1.0], [0.0, 0.0], [0.0, 1.0]],
            [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 0.0]],
        ]
    )
    np.testing.assert_allclose(found[:, :, :2], wanted)
    np.testing.assert_array_equal(found[:, :, 2:], np.isfinite(GRID))


def test_the_discretiser_takes_normal_values_and_splits_categories() -> None:
    levels = ((), (1, 2, 3))
    fitted = Discretiser.fit(lambda rows: GRID[rows], ROWS, [5.0, 2.0], levels)
    assert Discretiser.width(levels) == 1 + 3 + 2
    found = fitted(GRID)
    assert found.shape == (2, 4, 6)
    first = np.array([[5, 2, 2, 2], [5, 5, 4, 6]], dtype=float)
    np.testing.assert_allclose(found[:, :, 0], (first - first.mean()) / first.std(), atol=1e-12)
    np.testing.assert_array_equal(found[0, :, 1:4], [[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(found[1, :, 1:4], [[0, 1, 0]] * 4)
    np.testing.assert_array_equal(found[:, :, 4:], np.isfinite(GRID))
