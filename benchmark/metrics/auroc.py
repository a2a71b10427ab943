"""Area under the receiver operating characteristic curve."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import roc_auc_score

from benchmark.metrics._base import Undefined, check, classes_used


def auroc_binary(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Chance that a positive sample scores higher than a negative one.

    Definition: P(s+ > s-) + 1/2 P(s+ = s-) over all pairs; Hanley and McNeil, "The meaning and use
        of the area under a receiver operating characteristic (ROC) curve" (Radiology 1982).
    Direction: higher is better; a constant score gives 0.5.
    Bounds: 0 to 1.
    Ties: a tied pair counts one half.
    One class: undefined.

    Args:
        y_true: (N,) int in {0, 1}.
        y_score: (N,) any score that grows with the chance of class 1.

    Raises:
        Undefined: ``no labelled samples``; ``one class only (class 0)`` or ``(class 1)``.
        ValueError: Another kind of task, or arrays that do not fit.
    """
    samples = check(y_true, y_score, ("binary",))
    if len(classes_used(samples, both_outcomes=True)) == 0:
        raise Undefined(f"one class only (class {samples.truth[0]})")
    return float(roc_auc_score(samples.truth, samples.score))


def auroc_ovr_macro(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Unweighted mean over classes (labels) of the AUROC of that class against the rest.

    Definition: 1/|U| sum over c in U of AUROC([y = c], s_c), U = classes or labels with at least
        one sample inside and one outside; scikit-learn's ``roc_auc_score`` with ``multi_class=ovr``
        and ``average=macro`` where all classes are in U.
    Direction: higher is better; constant scores give 0.5.
    Bounds: 0 to 1.
    Ties: a tied pair counts one half.
    One class: undefined; a class or label outside U is left out, and
        ``benchmark.metrics.evaluate`` states how many were used.

    Args:
        y_true: (N,) int class, or (N, L) int in {0, 1}.
        y_score: (N, C) or (N, L) scores.

    Raises:
        Undefined: ``no labelled samples``; ``no class has samples both inside and outside it``.
        ValueError: A binary task, or arrays that do not fit.
    """
    samples = check(y_true, y_score, ("multiclass", "multilabel"))
    used = classes_used(samples, both_outcomes=True)
    if len(used) == 0:
        raise Undefined("no class has samples both inside and outside it")
    truth = samples.one_vs_rest()
    return float(np.mean([roc_auc_score(truth[:, c], samples.score[:, c]) for c in used]))


def auroc_ovo_macro(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Unweighted mean AUROC over the pairs of classes present.

    Definition: for every pair (a, b) the mean of AUROC(a against b by s_a) and AUROC(b against a
        by s_b), then the mean over pairs; Hand and Till, "A simple generalisation of the area
        under the ROC curve for multiple class classification problems" (Machine Learning 2001),
        eq. 7. Less sensitive to class shares than one-vs-rest.
    Direction: higher is better; constant scores give 0.5.
    Bounds: 0 to 1.
    Ties: a tied pair of samples counts one half.
    One class: undefined; pairs with an absent class are left out.

    Args:
        y_true: (N,) int class.
        y_score: (N, C) scores.

    Raises:
        Undefined: ``no labelled samples``; ``one class only (class 2)``.
        ValueError: Another kind of task, or arrays that do not fit.
    """
    samples = check(y_true, y_score, ("multiclass",))
    present = classes_used(samples, both_outcomes=False)
    if len(present) == 1:
        raise Undefined(f"one class only (class {present[0]})")
    values = []
    for pair in combinations(present, 2):
        rows = np.isin(samples.truth, pair)
        truth, score = samples.truth[rows], samples.score[rows]
        values += [roc_auc_score(truth == c, score[:, c]) for c in pair]
    return float(np.mean(values))
