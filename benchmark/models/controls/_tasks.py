"""From estimators of one target to the scores of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import DataError
from benchmark.core.problem import Task, TaskKind
from benchmark.core.seeding import derive_seed
from benchmark.models.controls._base import ControlData
from benchmark.models.controls._estimators import Boost, Estimator, Labels, Ridge
from benchmark.models.controls._matrix import Matrix
from benchmark.models.controls._regression import BoostRegression, LinearRegressor
from benchmark.models.controls._survival import BoostCox, LinearCox
from benchmark.models.controls.config import BoostingConfig, RidgeConfigs

#: Makes a fresh estimator; the number says which label column it is for.
Maker = Callable[[int], Estimator]
Target = tuple[Matrix, NDArray[np.float64]]


class TaskModel(Protocol):
    """A fitted task."""

    def scores(self, x: Matrix) -> Matrix:
        """Return scores in the form of ``benchmark.metrics``."""


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
class _ClassModel:
    """Fitted columns of a task with classes."""

    task: Task
    columns: tuple[_Column, ...]

    def scores(self, x: Matrix) -> Matrix:
        """Return scores in the form of ``benchmark.metrics``."""
        each = [column.predict(x) for column in self.columns]
        if self.task.kind == "multilabel":
            return np.stack([one[:, 1] for one in each], axis=1)
        return each[0][:, 1] if self.task.kind == "binary" else each[0]


@dataclass(frozen=True)
class _OutcomeModel:
    """A fitted regression or survival task."""

    estimator: Estimator

    def scores(self, x: Matrix) -> Matrix:
        """Return values or risks (N,)."""
        return self.estimator.predict(x)


def fit_task(task: Task, make: Maker, train: Target, val: Target) -> TaskModel:
    """Fit a task on its labelled rows.

    Args:
        task: Of any kind; every label of a multilabel task is a column of its own.
        make: Makes the estimator of a column.
        train: Features (N, F) and targets as in ``ControlData``, NaN = unlabelled.
        val: Likewise.

    Raises:
        DataError: A column without a labelled row in training or validation; a survival task
            without an event in training.
    """
    if task.kind in ("regression", "survival"):
        return _OutcomeModel(_fit_outcome(task, make, train, val))
    return _fit_classes(task, make, train, val)


def _fit_classes(task: Task, make: Maker, train: Target, val: Target) -> TaskModel:
    (x, y), (x_val, y_val) = train, val
    y, y_val = (one.reshape(len(one), -1) for one in (y, y_val))
    classes = 2 if task.kind == "multilabel" else len(task.classes)
    columns = [
        _fit_column(task, classes, make, column, (x, y[:, column]), (x_val, y_val[:, column]))
        for column in range(y.shape[1])
    ]
    return _ClassModel(task, tuple(columns))


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


def ridge_maker(kind: TaskKind, configs: RidgeConfigs) -> Maker:
    """Return what makes L2 regressions: linear, Cox or logistic."""
    if kind == "regression":
        return lambda column: LinearRegressor(configs.ridge_regression)
    if kind == "survival":
        return lambda column: LinearCox(configs.ridge_cox)
    return lambda column: Ridge(configs.ridge_logistic)


def boost_maker(kind: TaskKind, config: BoostingConfig, seed: int, *names: str) -> Maker:
    """Return what makes boosted trees, seeded by the run, the names and the column."""
    makers: dict[TaskKind, Callable[[BoostingConfig, int], Estimator]]
    makers = {"regression": BoostRegression, "survival": BoostCox}
    make = makers.get(kind, Boost)
    return lambda column: make(config, derive_seed(seed, "boosting", *names, column))


def _fit_outcome(task: Task, make: Maker, train: Target, val: Target) -> Estimator:
    x, y = _labelled(task, "training", *train)
    x_val, y_val = _labelled(task, "validation", *val)
    if task.kind == "survival" and not y[:, 1].any():
        raise DataError(
            f"task {task.name!r} has no event in the training part",
            "choose another task or another split",
        )
    estimator = make(0)
    estimator.fit(x, y, x_val, y_val)
    return estimator


def _fit_column(
    task: Task,
    classes: int,
    make: Maker,
    column: int,
    train: Target,
    val: Target,
) -> _Column:
    x, y = _labelled(task, "training", *train)
    present = np.unique(y).astype(np.int64)
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


def _labelled(task: Task, part: str, x: Matrix, y: NDArray[np.float64]) -> Target:
    known = np.isfinite(y.reshape(len(y), -1)).all(axis=1)
    if not known.any():
        raise _unlabelled(task, part)
    return x[known], y[known]


def _unlabelled(task: Task, part: str) -> DataError:
    return DataError(
        f"task {task.name!r} has no usable label in the {part} part",
        "choose another task or another split",
    )
