"""F1, precision and recall of hard decisions.

Macro means run over the classes present in ``y_true`` (multilabel: labels with a positive sample),
so that a class a test part happens to lack neither helps nor harms. Binary tasks have two classes,
0 and 1, and the macro mean takes both. A quotient 0/0 (a class that was never decided for has no
precision) counts 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike
from sklearn.metrics import f1_score, precision_score, recall_score

from benchmark.metrics._base import Undefined, check, classes_used


def f1_macro(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Unweighted mean of F1 over the classes (labels) present.

    Definition: mean over c of 2 TP_c / (2 TP_c + FP_c + FN_c); the mean of F1 values, not the F1
        of mean precision and recall (Opitz and Burst, "Macro F1 and Macro F1", 2019);
        scikit-learn's ``f1_score`` with ``average=macro`` over the classes present.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: decisions are 1 at a probability >= 0.5; multiclass takes the first highest score.
    One class: the F1 of that class; absent classes are left out of the mean. 0/0 counts 0.

    Args:
        y_true: (N,) int class, or (N, L) int in {0, 1}.
        y_score: (N,), (N, C) or (N, L) probabilities.

    Raises:
        Undefined: ``no labelled samples``; ``no label has a positive sample``.
        ValueError: Arrays that do not fit.
    """
    return _average(y_true, y_score, f1_score, "macro")


def f1_micro(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """F1 of the decisions of all classes (labels) pooled.

    Definition: 2 TP / (2 TP + FP + FN) with counts summed over classes (labels); scikit-learn's
        ``f1_score`` with ``average=micro``. For binary (both classes pooled) and multiclass tasks
        it equals accuracy.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: as :func:`f1_macro`.
    One class: defined; a label without a positive sample still adds its false positives.

    Args:
        y_true: (N,) int class, or (N, L) int in {0, 1}.
        y_score: (N,), (N, C) or (N, L) probabilities.

    Raises:
        Undefined: ``no labelled samples``; ``no label has a positive sample``.
        ValueError: Arrays that do not fit.
    """
    return _average(y_true, y_score, f1_score, "micro")


def recall_macro(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Unweighted mean of recall over the classes (labels) present.

    Definition: mean over c of TP_c / (TP_c + FN_c); scikit-learn's ``recall_score`` with
        ``average=macro`` over the classes present. For binary and multiclass tasks it equals
        balanced accuracy.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: as :func:`f1_macro`.
    One class: the recall of that class; absent classes are left out of the mean.

    Args:
        y_true: (N,) int class, or (N, L) int in {0, 1}.
        y_score: (N,), (N, C) or (N, L) probabilities.

    Raises:
        Undefined: ``no labelled samples``; ``no label has a positive sample``.
        ValueError: Arrays that do not fit.
    """
    return _average(y_true, y_score, recall_score, "macro")


def precision_macro(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Unweighted mean of precision over the classes (labels) present.

    Definition: mean over c of TP_c / (TP_c + FP_c); scikit-learn's ``precision_score`` with
        ``average=macro`` over the classes present and ``zero_division=0``.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: as :func:`f1_macro`.
    One class: the precision of that class, which is 1 as soon as one decision falls on it; absent
        classes are left out of the mean. A class never decided for counts 0.

    Args:
        y_true: (N,) int class, or (N, L) int in {0, 1}.
        y_score: (N,), (N, C) or (N, L) probabilities.

    Raises:
        Undefined: ``no labelled samples``; ``no label has a positive sample``.
        ValueError: Arrays that do not fit.
    """
    return _average(y_true, y_score, precision_score, "macro")


def _average(
    y_true: ArrayLike, y_score: ArrayLike, score: Callable[..., Any], average: str
) -> float:
    samples = check(y_true, y_score, ("binary", "multiclass", "multilabel"))
    present = classes_used(samples, both_outcomes=False)
    if len(present) == 0:
        raise Undefined("no label has a positive sample")
    # Pooled counts need the errors made on absent classes too; macro means leave them out.
    labels = present if average == "macro" else range(samples.n_classes)
    return float(
        score(
            samples.truth,
            samples.decisions(),
            labels=list(labels),
            average=average,
            zero_division=0,
        )
    )
