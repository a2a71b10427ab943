"""What holds for every registered dataset, with default options and with the harder ones below."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.core.paths import Paths
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext, Dataset
from benchmark.datasets._vector import VectorDataset

HARDER: dict[str, dict[str, Any]] = {
    "planted": {
        "n": 90,
        "modalities": 3,
        "classes": 3,
        "mechanisms": {"shared": 0.5, "xor": 0.5},
        "missing": {"a": 0.4, "c": 0.6},
        "unlabelled": 0.2,
        "samples_per_group": 2,
    }
}
CASES = [(name, {}) for name in DATASETS] + list(HARDER.items())


@pytest.fixture(params=CASES, ids=lambda case: case[0] + ("-harder" if case[1] else ""))
def dataset(request: pytest.FixtureRequest, paths: Paths) -> Dataset:
    return _load(*request.param, paths)


def _load(name: str, options: dict[str, Any], paths: Paths) -> Dataset:
    config = DATASETS.config(name).parse(options)
    loaded = DATASETS.load(name)(config, DataContext(paths))
    assert isinstance(loaded, Dataset)
    return loaded


def _parts(dataset: Dataset) -> tuple[Any, Any]:
    """Two disjoint sets of rows, neither in the table's order."""
    order = np.random.default_rng(0).permutation(len(dataset.samples))
    half = len(order) // 2
    return order[:half], order[half:]


def test_describe_and_probe_agree_with_what_is_loaded(dataset: Dataset) -> None:
    cls = type(dataset)
    assert cls.describe(dataset.config) == dataset.component
    assert cls.probe(dataset.config, dataset.context) == dataset.release
    assert re.fullmatch(r"[0-9a-f]{64}", dataset.release.fingerprint)
    assert dataset.release.terms
    assert isinstance(dataset.config, DATASETS.config(dataset.component.dataset))


def test_family_tells_where_the_data_is_from(dataset: Dataset) -> None:
    family = DATASETS.entry(dataset.component.dataset).family
    assert (dataset.release.source == "synthetic") == (family == "synthetic")


def test_samples_table(dataset: Dataset) -> None:
    samples = dataset.samples
    assert list(samples.index) == list(range(len(samples)))
    assert samples["sample_id"].is_unique
    for column in ("sample_id", "group_id"):
        assert samples[column].map(type).eq(str).all()
    for modality in dataset.component.modalities:
        assert samples[f"observed:{modality.name}"].dtype == bool
    assert dataset.observed(np.arange(len(samples))).any(axis=1).all()


def test_labels_are_classes_or_unlabelled(dataset: Dataset) -> None:
    for task in dataset.component.tasks:
        labels = dataset.samples[f"target:{task.name}"].dropna()
        assert set(labels) == set(range(len(task.classes)))


def test_tensors_fit_modalities_and_observed_flags(dataset: Dataset) -> None:
    train, other = _parts(dataset)
    tensors = dataset.tensors(other, dataset.fit(train))
    assert list(tensors) == [modality.name for modality in dataset.component.modalities]
    observed = dataset.observed(other)
    for m, modality in enumerate(dataset.component.modalities):
        values = tensors[modality.name].values
        assert values.shape == (len(other), *modality.shape)
        assert values.dtype == torch.float32
        assert torch.isfinite(values).all()
        filled = values.flatten(1).ne(0).any(dim=1).numpy()
        assert np.array_equal(filled, observed[:, m])


def test_control_features_are_nan_exactly_where_unobserved(dataset: Dataset) -> None:
    train, other = _parts(dataset)
    features = dataset.control_features(other, dataset.fit(train))
    for m, modality in enumerate(dataset.component.modalities):
        matrix = features[modality.name]
        assert matrix.ndim == 2
        assert matrix.dtype == np.float64
        there = dataset.observed(other)[:, m]
        assert np.isfinite(matrix[there]).all()
        assert np.isnan(matrix[~there]).all()


def test_rows_come_back_in_the_order_asked_for(dataset: Dataset) -> None:
    train, other = _parts(dataset)
    preprocessor = dataset.fit(train)
    whole, one = dataset.tensors(other, preprocessor), dataset.tensors(other[3:4], preprocessor)
    mirrored = dataset.tensors(other[::-1].copy(), preprocessor)
    features = dataset.control_features(other[::-1].copy(), preprocessor)
    for name, data in whole.items():
        assert torch.equal(mirrored[name].values, data.values.flip(0))
        assert torch.equal(one[name].values, data.values[3:4])
        straight = dataset.control_features(other, preprocessor)[name]
        assert np.array_equal(features[name], straight[::-1], equal_nan=True)


def test_fit_reads_training_rows_only(dataset: Dataset) -> None:
    """Other rows are overwritten with nonsense; what training rows become must not change."""
    train, other = _parts(dataset)
    before = dataset.tensors(train, dataset.fit(train))
    assert isinstance(dataset, VectorDataset), "tell this test how to spoil rows of a new kind"
    for matrix in dataset.values.values():
        matrix[other] = 1e9 * np.random.default_rng(1).normal(size=matrix[other].shape)
    after = dataset.tensors(train, dataset.fit(train))
    for name, data in before.items():
        assert torch.equal(after[name].values, data.values)


def test_values_of_unobserved_samples_are_never_read(dataset: Dataset) -> None:
    train, other = _parts(dataset)
    assert isinstance(dataset, VectorDataset), "tell this test how to spoil rows of a new kind"
    before = dataset.tensors(other, dataset.fit(train))
    everywhere = dataset.observed(np.arange(len(dataset.samples)))
    for m, matrix in enumerate(dataset.values.values()):
        matrix[~everywhere[:, m]] = np.nan
    after = dataset.tensors(other, dataset.fit(train))
    for name, data in before.items():
        assert torch.equal(after[name].values, data.values)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_loading_twice_gives_the_same(name: str, options: dict[str, Any], paths: Paths) -> None:
    first, second = _load(name, options, paths), _load(name, options, paths)
    assert first.release == second.release
    assert first.samples.equals(second.samples)
    train, other = _parts(first)
    one, two = first.tensors(other, first.fit(train)), second.tensors(other, second.fit(train))
    assert all(torch.equal(one[key].values, two[key].values) for key in one)


@pytest.mark.parametrize("name", list(DATASETS))
def test_module_probe_and_describe_need_no_torch(name: str) -> None:
    code = f"""
import sys
from pathlib import Path
from benchmark.core.paths import Paths
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
cls, config = DATASETS.load({name!r}), DATASETS.config({name!r})()
cls.probe(config, DataContext(Paths(cache=Path("nowhere"))))
cls.describe(config)
sys.exit(", ".join(heavy for heavy in ("torch", "sklearn") if heavy in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
