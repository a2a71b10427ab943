from __future__ import annotations

import numpy as np
import pytest

from benchmark.core.errors import DataError
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets._vector import Standardizer
from benchmark.datasets.planted import Planted, PlantedConfig


def test_standardizer_by_hand() -> None:
    fitted = Standardizer.fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert fitted.mean.tolist() == [2.0, 5.0]
    assert fitted.scale.tolist() == [1.0, 1.0]
    assert fitted(np.array([[4.0, 6.0]])).tolist() == [[2.0, 1.0]]


def test_constant_feature_with_rounding_is_constant() -> None:
    fitted = Standardizer.fit(np.full((7, 1), 0.1))
    assert fitted.scale.tolist() == [1.0]


def test_training_rows_have_mean_zero_and_deviation_one(paths: Paths) -> None:
    config = PlantedConfig(n=80, missing={"a": 0.5})
    dataset = Planted(config, DataContext(paths))
    train = np.arange(50)
    features = dataset.control_features(train, dataset.fit(train))
    for matrix in features.values():
        np.testing.assert_allclose(np.nanmean(matrix, axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(np.nanstd(matrix, axis=0), 1, atol=1e-12)


def test_modality_without_training_rows(paths: Paths) -> None:
    dataset = Planted(PlantedConfig(n=40), DataContext(paths))
    dataset.samples.loc[:19, "observed:b"] = False
    with pytest.raises(DataError, match="no training row of 'planted' has modality 'b'"):
        dataset.fit(np.arange(20))


def test_modality_that_no_sample_has_is_missing_and_no_error(paths: Paths) -> None:
    dataset = Planted(PlantedConfig(n=40), DataContext(paths))
    dataset.samples["observed:b"] = False
    fitted = dataset.fit(np.arange(20))
    assert np.isnan(dataset.control_features(np.arange(40), fitted)["b"]).all()
    assert dataset.tensors(np.arange(40), fitted)["b"].values.count_nonzero() == 0
