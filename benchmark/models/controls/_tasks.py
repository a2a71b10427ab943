"""From classifiers of one label column to the scores of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.core.problem import Task
from benchmark.core.seeding import derive_seed
from benchmark.models.controls._base import ControlData
from benchmark.models.controls._estimators import Boost, Estimator, Labels, Matrix, Ridge
from benchmark.models.controls.config import BoostingConfig, RidgeLogisticConfig

#: Makes a fresh estimator; the number says which label column it is for.
Maker = Callable[[int], Estimator]


@dataclass(frozen=True)
class _Column:
    """One column of labels: a binary or multiclass task, or one label of a multilabel task.

    Attributes:
        classes: C of the task (2 for a label).
        present: (K,) classes among the training labels.
        estimator: None where only one class is present: its probability is 1.
    """

    classes: int
    present: Labels
    estimator: Estimator | None

    def predict(self, x: Matrix) -> Matrix:
        """Return probabilities (N, C), 0 for classes without a training sample."""
        full = np.zeros((len(x), self.classes))
        full[:, self.present] = 1.0 if self.estimator is None else self.estimator.predict(x)
        return full


@dataclass(frozen=True)
class TaskModel:
    """Fitted columns of a task."""

    task: Task
    columns: tuple[_Column, ...]

    def scores(self, x: Matrix) -> Matrix:
        """Return scores in the form of ``benchmark.metrics``."""
        each = [column.predict(x) for column in self.columns]
        if self.task.kind == "multilabel":
            return np.stack([one[:, 1] for one in each], axis=1)
        return each[0][:, 1] if self.task.kind == "binary" else each[0]


def fit_task(
    task: Task,
    make: Maker,
    train: tuple[Matrix, NDArray[np.float64]],
    val: tuple[Matrix, NDArray[np.float64]],
) -> TaskModel:
    """Fit a task on its labelled rows.

    Args:
        task: Binary, multiclass or multilabel; every label of the last is a column of its own.
        make: Makes the estimator of a column.
        train: Features (N, F) and targets (N,) or (N, L), NaN = unlabelled.
        val: Likewise.

    Raises:
        DataError: A column without a labelled row in training or validation.
    """
    (x, y), (x_val, y_val) = train, val
    y, y_val = (one.reshape(len(one), -1) for one in (y, y_val))
    classes = 2 if task.kind == "multilabel" else len(task.classes)
    columns = [
        _fit_column(task, classes, make, column, (x, y[:, column]), (x_val, y_val[:, column]))
        for column in range(y.shape[1])
    ]
    return TaskModel(task, tuple(columns))


def join_features(data: ControlData, modalities: Sequence[str], names: Sequence[str]) -> Matrix:
    """Concatenate the features of ``names`` and one observed flag for each, (N, sum F + M).

    Args:
        data: Rows.
        modalities: All modalities, the columns of ``data.observed``.
        names: Modalities taken.
    """
    columns = [modalities.index(name) for name in names]
    blocks = [data.features[name] for name in names]
    return np.concatenate([*blocks, data.observed[:, columns].astype(np.float64)], axis=1)


def ridge_maker(config: RidgeLogisticConfig) -> Maker:
    """Return what makes ridge regressions."""
    return lambda column: Ridge(config)


def boost_maker(config: BoostingConfig, seed: int, *names: str) -> Maker:
    """Return what makes boosted trees, seeded by the run, the names and the column."""
    return lambda column: Boost(config, derive_seed(seed, "boosting", *names, column))


def per_task(
    tasks: Sequence[Task],
    make: Callable[[Task], Maker],
    train: tuple[Matrix, Mapping[str, NDArray[np.float64]]],
    val: tuple[Matrix, Mapping[str, NDArray[np.float64]]],
) -> dict[str, TaskModel]:
    """Fit every task on the same features."""
    return {
        task.name: fit_task(
            task, make(task), (train[0], train[1][task.name]), (val[0], val[1][task.name])
        )
        for task in tasks
    }


def _fit_column(
    task: Task,
    classes: int,
    make: Maker,
    column: int,
    train: tuple[Matrix, NDArray[np.float64]],
    val: tuple[Matrix, NDArray[np.float64]],
) -> _Column:
    x, y = _labelled(task, "training", *train)
    present = np.unique(y)
    if len(present) == 1:
        return _Column(classes, present, None)
    x_val, y_val = _labelled(task, "validation", *val)
    known = np.isin(y_val, present)  # a class never seen cannot help to choose
    if not known.any():
        raise _unlabelled(task, "validation")
    estimator = make(column)
    estimator.fit(
        x,
        np.searchsorted(present, y).astype(np.int64),
        x_val[known],
        np.searchsorted(present, y_val[known]).astype(np.int64),
    )
    return _Column(classes, present, estimator)


def _labelled(task: Task, part: str, x: Matrix, y: NDArray[np.float64]) -> tuple[Matrix, Labels]:
    known = np.isfinite(y)
    if not known.any():
        raise _unlabelled(task, part)
    return x[known], y[known].astype(np.int64)


def _unlabelled(task: Task, part: str) -> DataError:
    return DataError(
        f"task {task.name!r} has no usable label in the {part} part",
        "choose another task or another split",
    )
