"""Series and codes of stays, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.datasets.icu import series as module
from benchmark.datasets.icu.codes import PADDING, UNKNOWN, Vocabulary, bag, numbered, sequences
from benchmark.datasets.icu.ragged import Ragged
from benchmark.datasets.icu.series import (
    ChannelScaler,
    filled_forward,
    grid_inputs,
    hourly_grid,
    irregular,
    summaries,
)

NAN = float("nan")
#: (stay, minutes, channel, value), not in order; stay 2 has none.
EVENTS = [
    (1, 30, 0, 5.0), (0, 10, 0, 1.0), (0, 50, 0, 2.0), (0, 50, 1, 9.0), (0, 200, 1, 7.0),
    (1, 190, 0, 3.0), (3, 0, 1, 4.0),
]  # fmt: skip


@pytest.fixture
def series() -> Ragged:
    stays, minutes, kinds, values = (np.array(column) for column in zip(*EVENTS, strict=True))
    return Ragged.build(4, stays, minutes.astype(float), kinds, values)


def test_events_are_found_by_stay_in_time(series: Ragged) -> None:
    assert series.counts.tolist() == [4, 2, 0, 1]
    rows = np.array([1, 2, 0])
    owners, events = series.select(rows)
    assert owners.tolist() == [0, 0, 2, 2, 2, 2]
    assert series.minutes[events].tolist() == [30, 190, 10, 50, 50, 200]


def test_grid_holds_the_last_value_of_an_hour(series: Ragged) -> None:
    grid = hourly_grid(series, np.array([0, 1, 2]), channels=2, hours=3)
    expected = np.full((3, 3, 2), NAN)
    expected[0, 0] = [2.0, 9.0]  # 1.0 came before 2.0; minute 200 lies behind the window
    expected[1, 0, 0] = 5.0
    np.testing.assert_array_equal(grid, expected)
    np.testing.assert_array_equal(filled_forward(grid)[0], [[2, 9]] * 3)
    assert np.isnan(filled_forward(grid)[2]).all()


def test_scaler_sees_training_stays_only(series: Ragged) -> None:
    scaler = ChannelScaler.fit(series, np.array([0]), channels=3)
    np.testing.assert_allclose(scaler.mean, [1.5, 8.0, 0.0])
    np.testing.assert_allclose(scaler.scale, [0.5, 1.0, 1.0])
    grid = hourly_grid(series, np.array([0, 2]), 3, 2)
    inputs = grid_inputs(grid, scaler)
    np.testing.assert_allclose(inputs[0, 0], [1.0, 1.0, 0.0, 1, 1, 0])
    np.testing.assert_allclose(inputs[0, 1], [1.0, 1.0, 0.0, 0, 0, 0])  # carried on
    np.testing.assert_allclose(inputs[1], np.zeros((2, 6)))


def test_irregular_has_one_step_per_time(series: Ragged) -> None:
    scaler = ChannelScaler(np.zeros(2), np.ones(2))
    found = irregular(series, np.array([0, 2, 3]), 2, steps=3, scaler=scaler)
    np.testing.assert_allclose(found.hours[0] * 60, [10, 50, 200])
    np.testing.assert_allclose(found.values[0], [[1, 0], [2, 9], [0, 7]])
    assert found.measured[0].tolist() == [[True, False], [True, True], [False, True]]
    assert found.lengths.tolist() == [3, 0, 1]
    short = irregular(series, np.array([0]), 2, steps=2, scaler=scaler)
    np.testing.assert_allclose(short.hours[0] * 60, [50, 200])  # the last steps are kept
    np.testing.assert_allclose(short.values[0], [[2, 9], [0, 7]])


def test_summaries(series: Ragged) -> None:
    grid = hourly_grid(series, np.array([0, 1, 2]), 2, 4)
    found = summaries(grid)
    np.testing.assert_allclose(found[0], [2, 8, 2, 7, 2, 9, 2, 7, 1, 2])
    np.testing.assert_allclose(found[1], [4, NAN, 3, NAN, 5, NAN, 3, NAN, 2, 0])
    np.testing.assert_allclose(found[2], [NAN] * 8 + [0, 0])


def test_vocabulary_is_that_of_training_stays() -> None:
    names, codes = numbered(["b", "a", "b", "c", "a", "b", "d"])
    assert names == ["a", "b", "c", "d"]
    stays = np.array([0, 0, 0, 1, 1, 1, 2])
    events = Ragged.build(4, stays, np.arange(7.0), codes)
    vocabulary = Vocabulary.fit(events, np.array([0, 1]), 4, least=2, most=9)
    assert vocabulary.tokens.tolist() == [2, 3, UNKNOWN, UNKNOWN]
    assert Vocabulary.fit(events, np.array([0, 1]), 4, 1, 1).tokens.tolist() == [2, 1, 1, 1]
    found = sequences(events, np.array([1, 3, 0]), vocabulary, steps=2)
    assert found.tokens.tolist() == [[2, 3], [PADDING, PADDING], [2, 3]]
    assert found.lengths.tolist() == [2, 0, 2]
    np.testing.assert_allclose(found.hours[0] * 60, [4, 5])
    assert bag(events, np.array([2, 0]), vocabulary, 3).tolist() == [[0, 0, 0], [1, 1, 0]]


def test_scales_are_fitted_some_stays_at_a_time(
    series: Ragged, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = module._measurements

    def seen(events: Ragged, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes.append(len(rows))
        return real(events, rows)

    monkeypatch.setattr(module, "_STAYS", 2)
    monkeypatch.setattr(module, "_measurements", seen)
    found = ChannelScaler.fit(series, np.arange(4), channels=3)
    assert sizes == [2, 2, 2, 2]
    for channel in range(3):
        values = np.array([value for _, _, kind, value in EVENTS if kind == channel])
        assert found.mean[channel] == pytest.approx(values.mean() if len(values) else 0)
        assert found.scale[channel] == pytest.approx(values.std() if len(values) else 1)
