"""How far predicted values lie from the true ones, and whether on the same side of zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import mean_absolute_error, mean_squared_error

from benchmark.metrics._base import Undefined


def mae(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Mean absolute error, in the unit of the target.

    Definition: mean of |prediction - truth|; scikit-learn's ``mean_absolute_error``.
    Direction: lower is better; the best constant is the median.
    Bounds: 0 upwards.
    Ties: play no part.
    One class: defined for a constant target as well.

    Args:
        y_true: (N,) float.
        y_score: (N,) predicted values.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: Arrays that do not fit.
    """
    return float(mean_absolute_error(*_check(y_true, y_score)))


def mse(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Mean squared error, in the squared unit of the target.

    Definition: mean of (prediction - truth)^2; scikit-learn's ``mean_squared_error``.
    Direction: lower is better; the best constant is the mean.
    Bounds: 0 upwards.
    Ties: play no part.
    One class: defined for a constant target as well.

    Args:
        y_true: (N,) float.
        y_score: (N,) predicted values.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: Arrays that do not fit.
    """
    return float(mean_squared_error(*_check(y_true, y_score)))


def acc_sign(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Share of samples on the right side of zero.

    Definition: mean of [(prediction > 0) = (truth > 0)], so zero counts as negative on both sides;
        the accuracy of CMU-MOSI with two classes, as I2MoE's released code has it.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: a prediction of 0 is negative.
    One class: defined for targets of one sign as well.

    Args:
        y_true: (N,) float.
        y_score: (N,) predicted values.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: Arrays that do not fit.
    """
    truth, score = _check(y_true, y_score)
    return float(np.mean((truth > 0) == (score > 0)))


def _check(
    y_true: ArrayLike, y_score: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    truth, score = (np.asarray(one, dtype=np.float64) for one in (y_true, y_score))
    if truth.ndim != 1 or truth.shape != score.shape:
        raise ValueError(
            f"shapes do not fit: y_true {truth.shape} and y_score {score.shape}; "
            "a regression task has (N,) values and (N,) predictions"
        )
    if len(truth) == 0:
        raise Undefined("no labelled samples")
    for name, values in (("y_true", truth), ("y_score", score)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds values that are not finite")
    return truth, score
