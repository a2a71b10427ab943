"""Rows of a run: three kinds of task at once, series with masks, missing labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from benchmark.core.batch import ModalityData
from benchmark.core.errors import DataError, SplitError, UsageError
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.core.spec import ComponentSpec, MissingSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets._base import DataContext, Dataset, DatasetConfig
from benchmark.metrics.evaluate import evaluate
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.config import FitConfig, TrainingConfig
from benchmark.training.data import RunData, run_data
from benchmark.training.evaluate import metric_rows, prediction_table
from benchmark.training.loop import labelled_positions
from benchmark.training.strategies._base import Fitted, Job, Strategy
from benchmark.training.strategies.fit import Fit
from benchmark.training.strategies.plain import Plain

N = 80
TASKS = (
    Task(name="flag", kind="binary", classes=("no", "yes")),
    Task(name="kind", kind="multiclass", classes=("x", "y", "z")),
    Task(name="tags", kind="multilabel", classes=("p", "q")),
)


class Toy(Dataset):
    """A vector and a series with times, mask and lengths; ``official`` parts in blocks."""

    def __init__(self, paths: Paths) -> None:
        super().__init__(DatasetConfig(), DataContext(paths))
        rng = np.random.default_rng(0)
        self.vector = rng.standard_normal((N, 3))
        self.series = rng.standard_normal((N, 4, 2))
        self.release = Release(id="toy", version="1", source="synthetic", fingerprint="f")
        self.component = self.describe(None)
        flag = (self.vector[:, 0] > 0).astype(float)
        flag[::7] = np.nan
        self.samples = pd.DataFrame(
            {
                "sample_id": [f"s{row}" for row in range(N)],
                "group_id": [f"s{row}" for row in range(N)],
                "observed:series": np.arange(N) % 5 != 0,
                "observed:vector": True,
                "target:flag": flag,
                "target:kind": np.digitize(self.vector[:, 1], [-0.5, 0.5]).astype(float),
                "target:tags:p": (self.vector[:, 2] > 0).astype(float),
                "target:tags:q": (self.series[:, 0, 0] > 0).astype(float),
                "part": ["train"] * 40 + ["val"] * 20 + ["test"] * 20,
            }
        )

    @classmethod
    def probe(cls, config: Any, context: DataContext) -> Release:
        raise NotImplementedError

    @classmethod
    def describe(cls, config: Any) -> Component:
        return Component(
            dataset="toy",
            modalities=(
                Modality(name="series", kind="sequence", shape=(4, 2)),
                Modality(name="vector", kind="vector", shape=(3,)),
            ),
            tasks=TASKS,
        )

    def fit(self, train_rows: NDArray[np.int64], observed: Any = None) -> NDArray[np.int64]:
        return train_rows

    def tensors(self, rows: NDArray[np.int64], preprocessor: Any) -> dict[str, ModalityData]:
        series = torch.from_numpy(self.series[rows]).float()
        return {
            "series": ModalityData(
                series,
                times=torch.arange(4.0).repeat(len(rows), 1) + 1,
                mask=torch.ones(len(rows), 4, dtype=torch.bool),
                lengths=torch.full((len(rows),), 4),
            ),
            "vector": ModalityData(torch.from_numpy(self.vector[rows]).float()),
        }

    def control_features(
        self, rows: NDArray[np.int64], preprocessor: Any
    ) -> dict[str, NDArray[np.float64]]:
        return {"series": self.series[rows].reshape(len(rows), -1), "vector": self.vector[rows]}


def _spec(**fields: Any) -> RunSpec:
    settings: dict[str, Any] = {
        "components": (
            ComponentSpec(
                dataset="toy",
                loader=Ref(name="toy"),
                modalities=("vector", "series"),  # not the loader's order
                tasks=("tags", "flag", "kind"),
                data="f",
            ),
        ),
        "model": Ref(name="late_fusion"),
        "encoders": {name: Ref(name="mlp") for name in ("vector", "series")},
        "losses": {
            "tags": Ref(name="bce"),
            "flag": Ref(name="cross_entropy", config={"weights": "balanced"}),
            "kind": Ref(name="cross_entropy"),
        },
        "strategy": Ref(name="plain"),
        "split": SplitSpec(kind="official"),
    }
    return RunSpec(**settings | fields)


@pytest.fixture
def data(paths: Paths) -> RunData:
    """The run's rows."""
    return run_data(_spec(), Toy(paths))


def test_an_error_of_the_split_names_the_dataset(paths: Paths) -> None:
    with pytest.raises(SplitError, match=r"^toy: 80 patients are fewer than 99 folds\nuse fewer"):
        run_data(_spec(split=SplitSpec(folds=99, stratify="flag")), Toy(paths))


def _fit(strategy: Strategy, data: RunData, spec: RunSpec) -> Fitted:
    checkpoint = Checkpoint(None, "k", 0)
    return strategy.fit(Job(spec, data, "cpu", checkpoint, lambda *_: None))


def test_columns_follow_the_run_not_the_loader(data: RunData) -> None:
    batch = data.batch("val")
    assert list(batch.inputs) == ["vector", "series"]
    assert list(batch.targets) == ["tags", "flag", "kind"]
    assert batch.observed[:, 0].all()
    assert torch.equal(batch.observed[:, 1], torch.arange(40, 60) % 5 != 0)
    assert data.sizes == {"train": 40, "val": 20, "test": 20}
    assert batch.rows.tolist() == list(range(40, 60))


def test_targets_and_their_missing_values(data: RunData) -> None:
    batch = data.batch("train")
    assert batch.targets["tags"].shape == (40, 2)
    assert batch.targets["tags"].dtype == torch.float32
    assert batch.targets["flag"].dtype == torch.int64
    assert torch.equal(batch.targets["flag"] == -1, torch.arange(40) % 7 == 0)
    assert np.isnan(data.targets("train")["flag"][::7]).all()


def test_fitted_on_training_rows_only(data: RunData) -> None:
    assert data.preprocessor.tolist() == list(range(40))


def test_dropped_on_purpose_leaves_nothing_behind(paths: Paths) -> None:
    missing = MissingSpec(rates={"series": 0.5, "vector": 0.5})
    data = run_data(_spec(missing=missing), Toy(paths))
    batch, flat = data.batch("train"), data.control_data("train")
    gone = ~batch.observed
    assert 8 < int(gone[:, 0].sum()) < 32
    assert int(gone[:, 1].sum()) > int((torch.arange(40) % 5 == 0).sum())
    for m, name in enumerate(("vector", "series")):
        one = batch.inputs[name]
        for tensor in (one.values, one.times, one.mask, one.lengths):
            assert tensor is None or not tensor[gone[:, m]].any()
        assert np.isnan(flat.features[name][gone[:, m].numpy()]).all()
        assert not np.isnan(flat.features[name][~gone[:, m].numpy()]).any()


@pytest.mark.parametrize(
    "model", ["late_fusion", "early_fusion", "prior", "ridge_logistic", "best_single"]
)
def test_three_kinds_of_task_in_one_run(data: RunData, model: str) -> None:
    control = model in ("prior", "ridge_logistic", "best_single")
    strategy: Strategy = Fit(FitConfig()) if control else Plain(TrainingConfig(epochs=3))
    fitted = _fit(strategy, data, _spec(model=Ref(name=model)))
    scores = fitted.predict("test")
    assert {task: one.shape for task, one in scores.items()} == {
        "tags": (20, 2),
        "flag": (20,),
        "kind": (20, 3),
    }
    table = prediction_table(data, "test", scores)
    assert list(table.columns[5:]) == ["y0", "y1", "s0", "s1", "s2"]
    tags = table[table["task"] == "tags"]
    assert np.array_equal(tags[["s0", "s1"]], scores["tags"])
    assert tags["s2"].isna().all()
    assert table[table["task"] == "flag"]["y0"].isna().sum() == 3
    rows = {(row.task, row.metric): row for row in metric_rows(data, "test", scores)}
    assert rows["flag", "acc"].n == 17
    expected = evaluate("f1_micro", "multilabel", data.targets("test")["tags"], scores["tags"])
    assert rows["tags", "f1_micro"].value == expected.value
    assert ("tags", "acc") not in rows
    assert ("kind", "auroc_binary") not in rows


def test_samples_without_any_label_are_not_trained_on(data: RunData) -> None:
    batch = data.batch("train")
    for task, target in batch.targets.items():
        target[:10] = float("nan") if task == "tags" else -1
    assert labelled_positions(batch).tolist() == list(range(10, 40))
    for task, target in batch.targets.items():
        target[:] = float("nan") if task == "tags" else -1
    with pytest.raises(DataError, match="no training sample of 'toy' has a label of tags, flag"):
        labelled_positions(batch)


def test_runs_of_other_tasks_share_a_stratified_split(paths: Paths) -> None:
    split = SplitSpec(kind="kfold", folds=2, stratify="flag")
    every = _spec(split=split)
    alone = every.components[0].model_copy(update={"tasks": ("tags",)})
    parts = [
        run_data(one, Toy(paths)).parts for one in (every, _spec(components=(alone,), split=split))
    ]
    assert parts[0].test.tolist() == parts[1].test.tolist()
    assert parts[0].val.tolist() == parts[1].val.tolist()


def test_wrong_names_and_several_datasets(paths: Paths) -> None:
    component = _spec().components[0]
    wrong = component.model_copy(update={"modalities": ("vectors",)})
    with pytest.raises(UsageError, match="dataset 'toy': 'vectors' is not among"):
        run_data(_spec(components=(wrong,)), Toy(paths))
    with pytest.raises(UsageError, match="a run over 2 datasets"):
        run_data(_spec(components=(component, component)), Toy(paths))
