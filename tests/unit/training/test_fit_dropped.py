"""What a run drops on purpose is not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, MissingSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.datasets.wdbc import WDBC, WDBCConfig
from benchmark.training.data import RunData, run_data


def data_of(paths: Paths, missing: MissingSpec | None) -> RunData:
    """The modalities in another order than the dataset's, and not all of them."""
    dataset = WDBC(WDBCConfig(), DataContext(paths))
    component = ComponentSpec(
        dataset="wdbc",
        loader=Ref(name="wdbc"),
        modalities=("worst", "mean"),
        tasks=("diagnosis",),
        data=dataset.release.fingerprint,
    )
    spec = RunSpec(
        components=(component,),
        model=Ref(name="prior"),
        strategy=Ref(name="fit"),
        split=SplitSpec(folds=5),
        missing=missing,
    )
    return run_data(spec, dataset)


def test_scalers_see_only_what_was_kept(paths: Paths) -> None:
    data = data_of(paths, MissingSpec(rates={"mean": 0.7}, parts=("train",)))
    kept = data.parts.train[data.observed["train"][:, 1]]
    assert 0 < len(kept) < len(data.parts.train)
    values = data.dataset.values["mean"]  # type: ignore[attr-defined]
    np.testing.assert_allclose(data.preprocessor["mean"].mean, values[kept].mean(axis=0))
    worst = data.dataset.values["worst"][data.parts.train]  # type: ignore[attr-defined]
    np.testing.assert_allclose(data.preprocessor["worst"].mean, worst.mean(axis=0))


def test_without_dropping_all_training_rows_count(paths: Paths) -> None:
    data = data_of(paths, None)
    values = data.dataset.values["mean"][data.parts.train]  # type: ignore[attr-defined]
    np.testing.assert_allclose(data.preprocessor["mean"].mean, values.mean(axis=0))


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_modality_dropped_from_all_training_rows(paths: Paths, part: str) -> None:
    missing = MissingSpec(rates={"mean": 1.0}, keep_one=False, parts=("train", "val", "test"))
    data = data_of(paths, missing)
    batch = data.batch(part)  # type: ignore[arg-type]
    assert not batch.observed[:, 1].any()
    assert not batch.inputs["mean"].values.any()
