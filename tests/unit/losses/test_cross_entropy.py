from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from benchmark.core.errors import DataError, UsageError
from benchmark.core.problem import Task
from benchmark.losses.config import CrossEntropyConfig
from benchmark.losses.cross_entropy import CrossEntropy

TASK = Task(name="stage", kind="multiclass", classes=("I", "II", "III"))
BINARY = Task(name="dead", kind="binary", classes=("no", "yes"))
TRAIN = np.array([0, 0, 0, 1, 1, 2])


def _loss(task: Task = TASK, **settings: object) -> CrossEntropy:
    return CrossEntropy(task, CrossEntropyConfig.model_validate(settings), TRAIN)


def test_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(2), 0.0], [0.0, 0.0, 0.0]])
    # -log(2/4) for class 1 and -log(1/3) for class 2
    value = _loss()(logits, torch.tensor([1, 2]))
    assert value.item() == pytest.approx((math.log(2) + math.log(3)) / 2)


def test_weighted_mean_divides_by_the_weights() -> None:
    logits = torch.tensor([[0.0, math.log(2), 0.0], [0.0, 0.0, 0.0]])
    value = _loss(weights=(1.0, 3.0, 1.0))(logits, torch.tensor([1, 2]))
    assert value.item() == pytest.approx((3 * math.log(2) + 1 * math.log(3)) / 4)


def test_balanced_weights_come_from_training_targets() -> None:
    loss = _loss(weights="balanced")
    assert loss.weights is not None
    assert loss.weights.tolist() == pytest.approx([6 / 9, 6 / 6, 6 / 3])


def test_balanced_ignores_unlabelled_training_samples() -> None:
    targets = np.array([0.0, 1.0, 2.0, np.nan, -1.0])
    loss = CrossEntropy(TASK, CrossEntropyConfig(weights="balanced"), targets)
    assert loss.weights is not None
    assert loss.weights.tolist() == [1.0, 1.0, 1.0]


def _reference(
    logits: list[list[float]], target: list[int], weights: list[float], smoothing: float
) -> tuple[float, list[list[float]]]:
    """Value and gradient of the documented formula, one entry at a time in float64."""
    classes, total, norm = len(weights), 0.0, 0.0
    gradient = [[0.0] * classes for _ in logits]
    for i, (row, y) in enumerate(zip(logits, target, strict=True)):
        if y < 0:
            continue
        norm += weights[y]
        partition = sum(math.exp(z) for z in row)
        share = [math.exp(z) / partition for z in row]
        pull = [smoothing / classes * w for w in weights]
        pull[y] += (1 - smoothing) * weights[y]
        total -= sum(pull[c] * math.log(share[c]) for c in range(classes))
        for c in range(classes):
            gradient[i][c] = sum(pull) * share[c] - pull[c]
    return total / norm, [[g / norm for g in row] for row in gradient]


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", ["none", (0.5, 2.0, 1.25)])
def test_value_and_gradient_against_a_float64_loop(weights: object, smoothing: float) -> None:
    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(size=(7, 3)), requires_grad=True)
    target = [0, 1, 2, -1, 1, -1, 0]
    value = _loss(weights=weights, label_smoothing=smoothing)(logits, torch.tensor(target))
    value.backward()
    plain = [1.0, 1.0, 1.0] if weights == "none" else [0.5, 2.0, 1.25]
    expected, gradient = _reference(logits.tolist(), target, plain, smoothing)
    assert value.item() == pytest.approx(expected, abs=1e-12)
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), gradient, atol=1e-12)


def test_batch_without_labels_gives_zero_and_zero_gradient() -> None:
    logits = torch.randn(4, 3, requires_grad=True)
    value = _loss(weights="balanced")(logits, torch.full((4,), -1))
    value.backward()
    assert value.item() == 0.0
    assert logits.grad is not None
    assert logits.grad.abs().sum().item() == 0.0


def test_scores() -> None:
    logits = torch.tensor([[0.0, math.log(3)]], dtype=torch.bfloat16)
    binary = _loss(BINARY).scores(logits)
    assert binary.shape == (1,)
    assert binary.dtype == torch.float32
    assert binary.item() == pytest.approx(0.75, abs=2e-3)
    many = _loss().scores(torch.randn(5, 3))
    assert many.shape == (5, 3)
    assert many.sum(dim=1).tolist() == pytest.approx([1.0] * 5)


def test_number_of_outputs() -> None:
    assert _loss().n_outputs == 3
    assert _loss(BINARY).n_outputs == 2


def test_errors_name_the_task() -> None:
    with pytest.raises(UsageError, match="cross_entropy has 2 weights, task 'stage' has 3 classes"):
        _loss(weights=(1.0, 2.0))
    with pytest.raises(DataError, match="'III' of task 'stage' has no training sample"):
        CrossEntropy(TASK, CrossEntropyConfig(weights="balanced"), np.array([0, 1, 1]))
    labels = Task(name="icd", kind="multilabel", classes=("a", "b"))
    with pytest.raises(ValueError, match=r"CrossEntropy is defined for .*, task 'icd' is multil"):
        CrossEntropy(labels, CrossEntropyConfig(), np.zeros((2, 2)))
