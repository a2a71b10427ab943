from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from benchmark.core.errors import DataError, UsageError
from benchmark.core.problem import Task
from benchmark.losses.bce import BCE
from benchmark.losses.config import BCEConfig

BINARY = Task(name="dead", kind="binary", classes=("no", "yes"))
LABELS = Task(name="icd", kind="multilabel", classes=("a", "b"))
TRAIN = np.array([0, 0, 0, 1])
TRAIN_LABELS = np.array([[1, 0], [0, 0], [0, 1], [0, 1], [np.nan, 1]])


def test_binary_by_hand() -> None:
    loss = BCE(BINARY, BCEConfig(), TRAIN)
    value = loss(torch.tensor([[0.0], [math.log(3)]]), torch.tensor([1, 0]))
    assert loss.n_outputs == 1
    assert value.item() == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_positive_weight_scales_positives_only_and_not_the_mean() -> None:
    loss = BCE(BINARY, BCEConfig(pos_weight=5.0), TRAIN)
    value = loss(torch.tensor([[0.0], [math.log(3)]]), torch.tensor([1, 0]))
    assert value.item() == pytest.approx((5 * math.log(2) + math.log(4)) / 2)


def test_balanced_is_negatives_over_positives_of_training() -> None:
    binary = BCE(BINARY, BCEConfig(pos_weight="balanced"), TRAIN).pos_weight
    labels = BCE(LABELS, BCEConfig(pos_weight="balanced"), TRAIN_LABELS).pos_weight
    assert binary is not None
    assert labels is not None
    assert binary.tolist() == [3.0]
    assert labels.tolist() == pytest.approx([3.0, 2 / 3])


@pytest.mark.parametrize("pos_weight", [None, 2.5, (0.5, 4.0)])
def test_multilabel_value_and_gradient_against_a_float64_loop(pos_weight: object) -> None:
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(size=(6, 2)), requires_grad=True)
    target = rng.integers(0, 2, (6, 2)).astype(float)
    target[1, 0] = target[4, :] = np.nan
    config = BCEConfig.model_validate({"pos_weight": pos_weight})
    value = BCE(LABELS, config, TRAIN_LABELS)(logits, torch.tensor(target, dtype=torch.float32))
    value.backward()

    weights = {None: (1.0, 1.0), 2.5: (2.5, 2.5)}.get(pos_weight, (0.5, 4.0))  # type: ignore[call-overload]
    total, count, gradient = 0.0, 0, np.zeros((6, 2))
    for i, j in np.ndindex(6, 2):
        if not math.isnan(target[i, j]):
            p = 1 / (1 + math.exp(-logits[i, j].item()))
            total -= weights[j] * math.log(p) if target[i, j] == 1 else math.log(1 - p)
            gradient[i, j] = weights[j] * (p - 1) if target[i, j] == 1 else p
            count += 1
    assert count == 9
    assert value.item() == pytest.approx(total / count, abs=1e-12)
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), gradient / count, atol=1e-12)


def test_unlabelled_binary_samples_do_not_count() -> None:
    loss = BCE(BINARY, BCEConfig(pos_weight=2.0), TRAIN)
    logits = torch.randn(5, 1)
    target = torch.tensor([1, -1, 0, -1, 1])
    assert torch.equal(loss(logits, target), loss(logits[target >= 0], target[target >= 0]))


@pytest.mark.parametrize(
    ("task", "target"),
    [(BINARY, torch.full((3,), -1)), (LABELS, torch.full((3, 2), math.nan))],
)
def test_batch_without_labels_gives_zero_and_zero_gradient(
    task: Task, target: torch.Tensor
) -> None:
    loss = BCE(task, BCEConfig(pos_weight=2.0), TRAIN)
    logits = torch.randn(3, loss.n_outputs, requires_grad=True)
    value = loss(logits, target)
    value.backward()
    assert value.item() == 0.0
    assert logits.grad is not None
    assert logits.grad.abs().sum().item() == 0.0


def test_scores() -> None:
    binary = BCE(BINARY, BCEConfig(), TRAIN).scores(torch.tensor([[math.log(3)], [0.0]]))
    assert binary.shape == (2,)
    assert binary.tolist() == pytest.approx([0.75, 0.5])
    labels = BCE(LABELS, BCEConfig(), TRAIN_LABELS).scores(torch.zeros(4, 2, dtype=torch.bfloat16))
    assert labels.shape == (4, 2)
    assert labels.dtype == torch.float32


def test_errors_name_the_task() -> None:
    with pytest.raises(UsageError, match="bce has 3 positive weights, task 'icd' has 2 outputs"):
        BCE(LABELS, BCEConfig(pos_weight=(1.0, 2.0, 3.0)), TRAIN_LABELS)
    with pytest.raises(DataError, match="'yes' of task 'dead' has no training positive sample"):
        BCE(BINARY, BCEConfig(pos_weight="balanced"), np.array([0, 0]))
    with pytest.raises(DataError, match="'b' of task 'icd' has no training negative sample"):
        BCE(LABELS, BCEConfig(pos_weight="balanced"), np.array([[1, 1], [0, 1]]))
    stage = Task(name="stage", kind="multiclass", classes=("I", "II", "III"))
    with pytest.raises(ValueError, match=r"BCE is defined for .*, task 'stage' is multiclass"):
        BCE(stage, BCEConfig(), TRAIN)
