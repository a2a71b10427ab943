from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from benchmark.core.errors import DataError, DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets import wdbc
from benchmark.datasets._base import DataContext
from benchmark.datasets.wdbc import WDBC, WDBCConfig


@pytest.fixture
def dataset(paths: Paths) -> WDBC:
    return WDBC(WDBCConfig(), DataContext(paths))


def test_published_counts(dataset: WDBC) -> None:
    """357 benign and 212 malignant, as the release's documentation says."""
    assert len(dataset.samples) == 569
    assert dataset.samples["target:diagnosis"].value_counts().to_dict() == {0.0: 357, 1.0: 212}
    assert dataset.component.tasks[0].classes == ("benign", "malignant")
    assert dataset.samples["group_id"].is_unique


def test_modalities_are_the_three_statistics(dataset: WDBC) -> None:
    names = [str(name) for name in sklearn.datasets.load_breast_cancer().feature_names]
    assert all(name.startswith("mean ") for name in names[:10])
    assert all(name.endswith(" error") for name in names[10:20])
    assert all(name.startswith("worst ") for name in names[20:])
    # first patient: malignant, mean radius 17.99, radius error 1.095, worst radius 25.38
    assert dataset.samples["target:diagnosis"][0] == 1
    assert [dataset.values[name][0, 0] for name in ("mean", "se", "worst")] == [17.99, 1.095, 25.38]


def test_mean_never_exceeds_worst(dataset: WDBC) -> None:
    """Columns of the modalities belong together: the mean of three largest is no smaller."""
    assert np.mean(dataset.values["mean"] <= dataset.values["worst"]) > 0.999


def test_release_is_the_hash_of_scikit_learns_file(dataset: WDBC) -> None:
    path = Path(sklearn.datasets.__file__).parent / "data" / "breast_cancer.csv"
    assert dataset.release.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()
    assert dataset.release.source == "real"
    assert dataset.release.terms == "CC BY 4.0 (UCI)"


def test_only_real(paths: Paths) -> None:
    with pytest.raises(DataNotAvailable, match=r"(?s)wdbc has no synthetic form.*--source real"):
        WDBC.probe(WDBCConfig(), DataContext(paths, source="synthetic"))


def test_missing_file_is_named(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wdbc.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    with pytest.raises(DataNotAvailable, match=r"breast_cancer\.csv is not there"):
        WDBC.probe(WDBCConfig(), DataContext(paths))


def test_another_table_is_refused(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    bunch = sklearn.datasets.load_breast_cancer()
    bunch.target_names = bunch.target_names[::-1]
    monkeypatch.setattr(sklearn.datasets, "load_breast_cancer", lambda: bunch)
    with pytest.raises(DataError, match=r"wdbc should be 569 x 30 .* benign.*, 'malignant'"):
        WDBC(WDBCConfig(), DataContext(paths))
