"""Accuracy, balanced accuracy, exact match: shares of right hard decisions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import accuracy_score, recall_score

from benchmark.metrics._base import check, classes_used


def acc(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Share of samples whose class is right.

    Definition: mean of [decision = class]; scikit-learn's ``accuracy_score``.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: binary decides 1 at a probability >= 0.5; multiclass takes the first highest score.
    One class: defined; absent classes play no part.
    Not defined for multilabel tasks (see :func:`exact_match` and ``f1_micro``).

    Args:
        y_true: (N,) int class.
        y_score: (N,) probability of class 1, or (N, C) scores.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: A multilabel task, or arrays that do not fit.
    """
    samples = check(y_true, y_score, ("binary", "multiclass"))
    return float(accuracy_score(samples.truth, samples.decisions()))


def balanced_acc(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Unweighted mean recall over the classes present in ``y_true``.

    Definition: 1/|P| sum over c in P of TP_c / n_c; Brodersen et al., "The balanced accuracy and
        its posterior distribution" (ICPR 2010); scikit-learn's ``balanced_accuracy_score`` with
        ``adjusted=False``.
    Direction: higher is better; a constant decision gives 1/|P|.
    Bounds: 0 to 1.
    Ties: as :func:`acc`.
    One class: that class's recall; absent classes are left out of the mean.

    Args:
        y_true: (N,) int class.
        y_score: (N,) probability of class 1, or (N, C) scores.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: A multilabel task, or arrays that do not fit.
    """
    samples = check(y_true, y_score, ("binary", "multiclass"))
    recalls = recall_score(
        samples.truth,
        samples.decisions(),
        labels=classes_used(samples, both_outcomes=False),
        average=None,
    )
    return float(np.mean(recalls))


def exact_match(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Share of samples whose labels are all right, also called subset accuracy.

    Definition: mean of [every decision of the sample = its label]; scikit-learn's
        ``accuracy_score`` of label sets.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: a label is decided for at a probability >= 0.5.
    One class: defined; a label without a positive sample can still be decided for wrongly.

    Args:
        y_true: (N, L) int in {0, 1}.
        y_score: (N, L) probabilities.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: Not a multilabel task, or arrays that do not fit.
    """
    samples = check(y_true, y_score, ("multilabel",))
    return float(accuracy_score(samples.truth, samples.decisions()))
