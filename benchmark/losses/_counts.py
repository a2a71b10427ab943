"""Class weights from counts of the labelled training targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.core.errors import DataError, UsageError
from benchmark.core.problem import Task


def class_weights(targets: NDArray[Any], task: Task) -> NDArray[np.float64]:
    """Return w_c = n / (C n_c), (C,): every class then carries the same total weight.

    Args:
        targets: (n,) classes; negative and NaN entries are unlabelled and not counted.
        task: Names the classes.

    Raises:
        DataError: A class has no training sample.
    """
    known = _known(targets)
    counts = np.bincount(targets[known].astype(np.int64), minlength=len(task.classes))
    if (counts == 0).any():
        raise _no_sample(task, task.classes[np.argmin(counts)], "sample")
    return np.asarray(counts.sum() / (len(counts) * counts), dtype=np.float64)


def given_weights(weights: tuple[float, ...], task: Task, loss: str) -> Tensor:
    """Return the weights that a config gives, (C,) float32.

    Args:
        weights: One per class, in label order.
        task: Names the classes.
        loss: Name of the loss, for the error.

    Raises:
        UsageError: Their number is not that of the classes.
    """
    if len(weights) != len(task.classes):
        raise UsageError(
            f"{loss} has {len(weights)} weights, "
            f"task {task.name!r} has {len(task.classes)} classes",
            f"give one weight per class, in this order: {', '.join(task.classes)}",
        )
    return torch.tensor(weights, dtype=torch.float32)


def class_frequencies(targets: NDArray[Any], task: Task) -> NDArray[np.float64]:
    """Return the share of each class among the labelled targets, (C,).

    Args:
        targets: (n,) classes; negative and NaN entries are unlabelled and not counted.
        task: Names the classes.

    Raises:
        DataError: Nothing is labelled.
    """
    known = _known(targets)
    if not known.any():
        raise DataError(
            f"task {task.name!r} has no labelled training sample, so its classes have no frequency",
            "give the weights as numbers, or choose another split",
        )
    counts = np.bincount(targets[known].astype(np.int64), minlength=len(task.classes))
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def positive_weights(targets: NDArray[Any], task: Task) -> NDArray[np.float64]:
    """Return negatives / positives, (L,) for multilabel and (1,) for binary.

    It is the ratio of the two balanced class weights n / (2 n_1) and n / (2 n_0).

    Args:
        targets: (n,) classes or (n, L) labels; negative and NaN entries are not counted.
        task: Names the labels.

    Raises:
        DataError: A label has no positive or no negative training sample.
    """
    columns = targets.reshape(len(targets), -1)
    known = _known(columns)
    positives = np.sum(known & (columns == 1), axis=0)
    negatives = np.sum(known & (columns == 0), axis=0)
    names = task.classes[-len(positives) :]  # a binary task: class 1 alone
    if (positives == 0).any():
        raise _no_sample(task, names[np.argmin(positives)], "positive sample")
    if (negatives == 0).any():
        raise _no_sample(task, names[np.argmin(negatives)], "negative sample")
    return np.asarray(negatives / positives, dtype=np.float64)


def _known(targets: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(targets) & (targets >= 0))


def _no_sample(task: Task, name: str, what: str) -> DataError:
    return DataError(
        f"{name!r} of task {task.name!r} has no training {what}, so it has no balanced weight",
        "give the weights as numbers, or choose another split",
    )
