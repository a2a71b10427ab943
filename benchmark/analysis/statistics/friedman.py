"""Methods ranked over many blocks: Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Fewer blocks (dataset × task) say too little about ranks.
MIN_BLOCKS = 6
_MIN_METHODS = 3


@dataclass(frozen=True)
class FriedmanResult:
    """Do methods differ in rank, and by how much must two of them differ.

    Attributes:
        statistic: χ² with the correction for ties.
        p: Of χ² with (methods − 1) degrees of freedom.
        mean_ranks: One per method; 1 is best.
        critical_difference: Two mean ranks this far apart differ (Nemenyi, at ``alpha``).
        blocks: Number of blocks.
        alpha: Level of the critical difference.
    """

    statistic: float
    p: float
    mean_ranks: tuple[float, ...]
    critical_difference: float
    blocks: int
    alpha: float = 0.05


def average_ranks(scores: ArrayLike) -> NDArray[np.float64]:
    """Return (blocks, methods) ranks within each block; the highest score has rank 1.

    Equal scores share the average of their ranks.

    Args:
        scores: (blocks, methods), higher is better; negate scores of which lower is better.

    Raises:
        ValueError: Not two axes, or a score is NaN.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"scores must have shape (blocks, methods), not {values.shape}")
    if np.isnan(values).any():
        raise ValueError("a score is missing: rank only blocks where every method has one")
    better = (values[:, None, :] > values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    return np.asarray(better + (equal + 1) / 2, dtype=np.float64)


def friedman(scores: ArrayLike, alpha: float = 0.05) -> FriedmanResult | str:
    """Test whether methods differ in rank over blocks; return the reason where that says nothing.

    χ² = [12 / (n k (k + 1)) Σ R² − 3 n (k + 1)] / [1 − Σ (t³ − t) / (n k (k² − 1))] with rank sums
    R and groups of t ties within a block (Friedman 1937; Conover, *Practical Nonparametric
    Statistics*). Mean ranks differ at :func:`critical_difference`.

    Args:
        scores: (blocks, methods), higher is better; a block is a dataset × task.
        alpha: Level of the critical difference.

    Raises:
        ValueError: Not two axes, or a score is NaN.
    """
    ranks = average_ranks(scores)
    n, k = ranks.shape
    if n < MIN_BLOCKS:
        blocks = "block (dataset × task) is" if n == 1 else "blocks (dataset × task) are"
        return f"{n} {blocks} fewer than the {MIN_BLOCKS} a rank test needs"
    if k < _MIN_METHODS:
        return f"{k} methods: a pairwise test says it"
    correction = 1 - _ties(ranks) / (n * k * (k**2 - 1))
    if correction <= 0:
        return "all methods tie in every block"
    sums = ranks.sum(axis=0)
    chi2 = (12 / (n * k * (k + 1)) * float(sums @ sums) - 3 * n * (k + 1)) / correction
    statistic = max(0.0, chi2)
    return FriedmanResult(
        statistic=statistic,
        p=_chi2_above(statistic, k - 1),
        mean_ranks=tuple(float(one) for one in ranks.mean(axis=0)),
        critical_difference=critical_difference(n, k, alpha),
        blocks=n,
        alpha=alpha,
    )


def critical_difference(blocks: int, methods: int, alpha: float = 0.05) -> float:
    """Return Nemenyi's q √(k (k + 1) / (6 n)).

    q is the studentized range with infinite degrees of freedom divided by √2: Demšar,
    *Statistical Comparisons of Classifiers over Multiple Data Sets*, JMLR 7 (2006), eq. 7 and
    table 5a.
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, methods, math.inf)) / math.sqrt(2)
    return q * math.sqrt(methods * (methods + 1) / (6 * blocks))


def groups_within(mean_ranks: Sequence[float], distance: float) -> tuple[tuple[int, ...], ...]:
    """Return the largest groups of methods no two of which are ``distance`` apart.

    Groups have at least two methods and hold indices, best rank first: the bars of a
    critical-difference diagram.
    """
    order = sorted(range(len(mean_ranks)), key=lambda index: mean_ranks[index])
    found: list[tuple[int, ...]] = []
    end = 0
    for start in range(len(order)):
        stop = start
        while stop < len(order) and mean_ranks[order[stop]] - mean_ranks[order[start]] < distance:
            stop += 1
        if stop - start > 1 and stop > end:
            found.append(tuple(order[start:stop]))
            end = stop
    return tuple(found)


def _ties(ranks: NDArray[np.float64]) -> float:
    """Return Σ (t³ − t) over groups of ties: a tied rank counts t of them t times."""
    sizes = (ranks[:, None, :] == ranks[:, :, None]).sum(axis=2)
    return float((sizes.astype(np.float64) ** 2 - 1).sum())


def _chi2_above(statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic))
