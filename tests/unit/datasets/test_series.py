from __future__ import annotations

import numpy as np

from benchmark.datasets._series import series_features


def test_features_of_a_padded_series() -> None:
    values = np.array([[[0.0, 0.0], [1.0, -4.0], [3.0, -2.0]], [[0.0, 0.0]] * 3])
    there = np.array([[False, True, True], [False, False, False]])
    features = series_features(values, there)
    assert features[0].tolist() == [2.0, -3.0, 1.0, -4.0, 3.0, -2.0, 3.0, -2.0, 2.0]
    assert features[1].tolist() == [0.0] * 9


def test_last_is_the_last_step_that_is_there() -> None:
    values = np.arange(8.0).reshape(1, 4, 2)
    features = series_features(values, np.array([[True, True, False, False]]))
    assert features[0].tolist() == [1.0, 2.0, 0.0, 1.0, 2.0, 3.0, 2.0, 3.0, 2.0]
