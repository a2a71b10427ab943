"""The validation criterion."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import Batch
from benchmark.core.errors import DataError, UnknownNameError, UsageError
from benchmark.core.problem import Component
from benchmark.losses._base import Loss
from benchmark.metrics.evaluate import evaluate
from benchmark.training.config import TrainingConfig
from benchmark.training.selection import Criterion, make_criterion


def _criterion(component: Component, **selection: Any) -> Criterion:
    weights = selection.pop("task_weights", {})
    config = TrainingConfig.parse({"selection": selection, "task_weights": weights})
    return make_criterion(component, config)


@pytest.fixture
def logits() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {"kind": torch.randn(12, 3), "flag": torch.randn(12, 1)}


def test_loss_is_the_weighted_sum_over_tasks(
    component: Component, logits: dict[str, Tensor], batch: Batch, losses: dict[str, Loss]
) -> None:
    criterion = _criterion(component, task_weights={"flag": 0.5})
    each = {task: float(losses[task](logits[task], batch.targets[task])) for task in losses}
    got = criterion.value(logits, batch.targets, losses)
    assert got == pytest.approx(each["kind"] + 0.5 * each["flag"])
    assert not criterion.higher_is_better
    only = _criterion(component, task="kind").value(logits, batch.targets, losses)
    assert only == pytest.approx(each["kind"])


def test_metric_is_averaged_over_the_tasks_it_is_defined_for(
    component: Component, logits: dict[str, Tensor], batch: Batch, losses: dict[str, Loss]
) -> None:
    values = [
        evaluate("acc", component.task(t).kind, batch.targets[t], losses[t].scores(logits[t])).value
        for t in losses
    ]
    got = _criterion(component, metric="acc").value(logits, batch.targets, losses)
    assert got == pytest.approx(sum(value or 0.0 for value in values) / 2)
    binary = _criterion(component, metric="auroc_binary")
    assert [task.name for task in binary.tasks] == ["flag"]
    assert binary.higher_is_better


def test_a_family_takes_the_metric_of_each_kind_where_it_is_defined(
    component: Component, logits: dict[str, Tensor], batch: Batch, losses: dict[str, Loss]
) -> None:
    criterion = _criterion(component, metric="auroc")
    assert criterion.higher_is_better
    flag = _criterion(component, metric="auroc_binary", task="flag")
    kind = _criterion(component, metric="auroc_ovr_macro", task="kind")
    each = [one.value(logits, batch.targets, losses) for one in (flag, kind)]
    assert criterion.value(logits, batch.targets, losses) == pytest.approx(sum(each) / 2)
    one_class = {**batch.targets, "flag": torch.ones(12, dtype=torch.int64)}
    assert criterion.value(logits, one_class, losses) == pytest.approx(each[1])
    neither = {**one_class, "kind": torch.full((12,), -1)}
    with pytest.raises(DataError, match="undefined on the validation part"):
        criterion.value(logits, neither, losses)


def test_errors_name_what_is_wrong(component: Component) -> None:
    with pytest.raises(UnknownNameError, match="unknown task 'flags'"):
        _criterion(component, task="flags")
    with pytest.raises(UnknownNameError, match="unknown task 'kin'"):
        _criterion(component, task_weights={"kin": 1.0})
    with pytest.raises(UnknownNameError, match="unknown metric 'auorc'"):
        _criterion(component, metric="auorc")
    with pytest.raises(UsageError, match=r"'auroc_binary' is not defined for kind \(multiclass\)"):
        _criterion(component, metric="auroc_binary", task="kind")


@pytest.mark.parametrize(
    ("metric", "label", "reason"),
    [("loss", -1, "no labelled samples"), ("auroc_binary", 1, "one class")],
)
def test_undefined_on_validation(
    component: Component,
    logits: dict[str, Tensor],
    batch: Batch,
    losses: dict[str, Loss],
    metric: str,
    label: int,
    reason: str,
) -> None:
    criterion = _criterion(component, metric=metric, task="flag")
    targets = {**batch.targets, "flag": torch.full((12,), label)}
    with pytest.raises(DataError, match=f"{metric} of task 'flag' is undefined.*{reason}"):
        criterion.value(logits, targets, losses)
