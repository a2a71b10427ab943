"""Area under the precision-recall curve, in its two common definitions.

They differ: the step sum of :func:`auprc_ap` never interpolates, the trapezoids of
:func:`auprc_trapezoid` do and are too optimistic where points are far apart (Davis and Goadrich,
"The relationship between precision-recall and ROC curves", ICML 2006).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import auc, average_precision_score, precision_recall_curve

from benchmark.metrics._base import Samples, Undefined, check, classes_used

_Area = Callable[[NDArray[Any], NDArray[Any]], float]


def auprc_ap(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Average precision; macro mean over classes (labels) for more than two.

    Definition: sum over distinct thresholds k of (R_k - R_(k-1)) P_k; scikit-learn's
        ``average_precision_score``. Binary: of class 1. Multiclass and multilabel: unweighted mean
        over the classes (labels) with samples both inside and outside.
    Direction: higher is better; a constant score gives the share of positives.
    Bounds: 0 to 1 (never 0, as the last positive has a precision above 0).
    Ties: equal scores form one threshold, so their order does not matter.
    One class: undefined (without negatives every score would give 1); in a macro mean such a
        class is left out, and ``benchmark.metrics.evaluate`` states how many were used.

    Args:
        y_true: (N,) int class, or (N, L) int in {0, 1}.
        y_score: (N,), (N, C) or (N, L) scores.

    Raises:
        Undefined: ``no labelled samples``; ``one class only (class 0)``; ``no class has samples
            both inside and outside it``.
        ValueError: Arrays that do not fit.
    """
    return _macro(y_true, y_score, average_precision_score)


def auprc_trapezoid(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Trapezoid area under the precision-recall curve; macro mean for more than two classes.

    Definition: linear interpolation between the points of ``precision_recall_curve`` and the end
        point (recall 0, precision 1); scikit-learn's ``auc`` of it. Classes as in :func:`auprc_ap`.
    Direction: higher is better; a constant score gives (1 + share of positives) / 2.
    Bounds: 0 to 1.
    Ties: equal scores form one point; the straight line to it is what makes the area optimistic.
    One class: as :func:`auprc_ap`.

    Args:
        y_true: (N,) int class, or (N, L) int in {0, 1}.
        y_score: (N,), (N, C) or (N, L) scores.

    Raises:
        Undefined: ``no labelled samples``; ``one class only (class 0)``; ``no class has samples
            both inside and outside it``.
        ValueError: Arrays that do not fit.
    """
    return _macro(y_true, y_score, _trapezoid)


def _macro(y_true: ArrayLike, y_score: ArrayLike, area: _Area) -> float:
    samples = check(y_true, y_score, ("binary", "multiclass", "multilabel"))
    used = classes_used(samples, both_outcomes=True)
    if len(used) == 0:
        raise Undefined(_one_outcome(samples))
    if samples.kind == "binary":
        return float(area(samples.truth, samples.score))
    truth = samples.one_vs_rest()
    return float(np.mean([area(truth[:, c], samples.score[:, c]) for c in used]))


def _one_outcome(samples: Samples) -> str:
    if samples.kind == "binary":
        return f"one class only (class {samples.truth[0]})"
    return "no class has samples both inside and outside it"


def _trapezoid(truth: NDArray[Any], score: NDArray[Any]) -> float:
    precision, recall, _ = precision_recall_curve(truth, score)
    return float(auc(recall, precision))
