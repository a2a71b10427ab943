"""The area under the ROC curve by ranks, for numbers that are needed thousands of times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def rank_auroc(truth: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    """Return the mean AUROC over labels, NaN where no label has both outcomes.

    AUROC = (R − n₁ (n₁ + 1) / 2) / (n₁ n₀), R the sum of the ranks of positive samples, ties at
    their mean rank (Hanley and McNeil 1982): ``auroc_binary``, or ``auroc_ovr_macro`` of several
    labels, up to rounding.

    Args:
        truth: (N,) or (N, L) of 0 and 1.
        score: Likewise.
    """
    positive = truth.reshape(len(truth), -1)
    ranks = rankdata(score.reshape(len(score), -1), axis=0)
    inside = positive.sum(axis=0)
    outside = len(positive) - inside
    used = (inside > 0) & (outside > 0)
    if not used.any():
        return float("nan")
    total = (ranks * positive).sum(axis=0)[used]
    n1, n0 = inside[used], outside[used]
    return float(((total - n1 * (n1 + 1) / 2) / (n1 * n0)).mean())
