"""Survival and regression from a run's spec to its rows and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.core.errors import DataError
from benchmark.core.paths import Paths
from benchmark.core.problem import Task
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.datasets.planted import PlantedConfig
from benchmark.datasets.synthetic.planted_outcomes import best_c_index
from benchmark.losses import LOSSES
from benchmark.training.execute import ExecutionContext, Outcome, execute
from benchmark.training.selection import Criterion

TASK = {"survival": "survival", "regression": "value"}
DATA = {"n": 400, "width": 3, "mechanisms": {"shared": 1.0}, "unlabelled": 0.1}


@pytest.fixture
def run(paths: Paths) -> Callable[..., Outcome]:
    """Train a small net on a planted outcome."""

    def go(target: str, loss: str, data: dict[str, Any] | None = None, **training: Any) -> Outcome:
        config = PlantedConfig.parse({**DATA, **(data or {}), "target": target})
        release = DATASETS.load("planted").probe(config, DataContext(paths))
        task = TASK[target]
        spec = RunSpec(
            components=(
                ComponentSpec(
                    dataset="planted",
                    loader=Ref(name="planted", config=config.model_dump(mode="json")),
                    modalities=("a", "b"),
                    tasks=(task,),
                    data=release.fingerprint,
                ),
            ),
            model=Ref(name="early_fusion", config={"hidden": [8]}),
            encoders={name: Ref(name="mlp", config={"width": 4}) for name in "ab"},
            losses={task: Ref(name=loss)},
            strategy=Ref(
                name="plain",
                config={"epochs": 15, "batch_size": 64, "optimizer": {"lr": 0.02}, **training},
            ),
            split=SplitSpec(kind="ratio"),
        )
        return execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda *_: None))

    return go


@pytest.mark.parametrize("loss", ["cox", "nll_surv"])
@pytest.mark.parametrize("selection", ["loss", "c_index"])
def test_survival_comes_near_the_best_c_index(
    run: Callable[..., Outcome], loss: str, selection: str
) -> None:
    outcome = run("survival", loss, selection={"metric": selection})
    (row,) = [row for row in outcome.rows if row.part == "test"]
    assert row.metric == "c_index"
    best = best_c_index(2, PlantedConfig().outcome())
    assert row.value is not None
    # The best is an expectation; 54 samples scatter around it.
    assert best - 0.08 < row.value < best + 0.08
    test = outcome.predictions.query("part == 'test'")
    labelled = test.dropna(subset=["y0", "y1"])
    assert len(labelled) == row.n < len(test) == 60
    assert labelled["y1"].sum() == row.n_pos
    assert np.isfinite(test["s0"]).all()
    assert outcome.info["selection"] == selection


@pytest.mark.parametrize("loss", ["mse", "mae", "smooth_l1"])
def test_regression_beats_the_mean(run: Callable[..., Outcome], loss: str) -> None:
    outcome = run("regression", loss, selection={"metric": "mae"})
    rows = {row.metric: row for row in outcome.rows if row.part == "test"}
    assert set(rows) == {"acc_sign", "mae", "mse"}
    assert rows["mae"].value is not None
    assert rows["mae"].value < 0.48  # 0.4 knows the label; the mean of all has 0.58
    assert rows["mae"].n_pos is None


def test_selection_by_a_partial_likelihood_needs_an_event() -> None:
    task = Task(name="os", kind="survival")
    criterion = Criterion("loss", (task,), higher_is_better=False, weights={})
    loss = LOSSES.load("cox")(task, LOSSES.config("cox")(), np.zeros((0, 2)))
    censored = torch.tensor([[1.0, 0.0], [2.0, 0.0]])
    with pytest.raises(
        DataError, match=r"task 'os' is undefined on .* no event among the labelled"
    ):
        criterion.value({"os": torch.zeros(2, 1)}, {"os": censored}, {"os": loss})
