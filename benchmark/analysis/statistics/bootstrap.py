"""Bootstrap intervals over test samples: what another draw of them would do to a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from benchmark.core.seeding import derive_seed

Positions = NDArray[np.int64]
#: A number of the samples at some positions (a position may come several times); NaN if undefined.
Statistic = Callable[[Positions], float]
BootstrapMethod = Literal["percentile", "bca"]


@dataclass(frozen=True)
class BootstrapInterval:
    """A number with its bootstrap interval.

    Attributes:
        value: On the samples themselves.
        low: Lower end; None if there is none.
        high: Upper end.
        resamples: Resamples that gave a number.
        undefined: Resamples in which the number does not exist.
        note: Why there is no interval, or what to know about it; empty otherwise.
    """

    value: float
    low: float | None
    high: float | None
    resamples: int
    undefined: int
    note: str = ""


def bootstrap(
    statistic: Statistic,
    groups: Sequence[str],
    seed: int,
    *,
    strata: Sequence[float] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    method: BootstrapMethod = "percentile",
) -> BootstrapInterval:
    """Resample groups with replacement and return an interval of the statistic.

    Whole groups (patients) are drawn, since samples of one patient are not independent; where every
    sample is a group of its own this is the plain bootstrap. With strata each stratum keeps its
    number of groups. ``percentile`` takes quantiles of the resamples, ``bca`` corrects them for
    bias and acceleration (Efron 1987; Efron and Tibshirani, *An Introduction to the Bootstrap*,
    14.3) at the price of one more number per group.

    Args:
        statistic: Called with positions in 0..N-1.
        groups: (N,) group of each sample.
        seed: Of the draw.
        strata: (N,) stratum of each sample; the samples of a group must share one.
        resamples: How many.
        level: Coverage.
        method: How quantiles are taken.

    Raises:
        ValueError: No sample, or a group in several strata.
    """
    grouped = _grouped(groups, strata)
    value = statistic(np.arange(len(groups), dtype=np.int64))
    if math.isnan(value):
        return BootstrapInterval(value, None, None, 0, 0, "undefined on the samples")
    if len(grouped.sizes) < 2:
        return BootstrapInterval(value, None, None, 0, 0, "a single group cannot be resampled")
    random = np.random.default_rng(derive_seed(seed, "bootstrap"))
    drawn = np.array([statistic(grouped.draw(random)) for _ in range(resamples)])
    known = drawn[~np.isnan(drawn)]
    undefined = resamples - len(known)
    if not len(known):
        return BootstrapInterval(value, None, None, 0, undefined, "undefined in every resample")
    note = f"undefined in {undefined} of {resamples} resamples" if undefined else ""
    ends = ((1 - level) / 2, (1 + level) / 2)
    if method == "bca":
        each = [statistic(grouped.without(one)) for one in range(len(grouped.sizes))]
        ends = bca_levels(known, value, np.array(each), level)
    low, high = (float(one) for one in np.quantile(known, ends))
    return BootstrapInterval(value, low, high, len(known), undefined, note)


def bca_levels(
    drawn: NDArray[np.float64], value: float, jackknife: NDArray[np.float64], level: float
) -> tuple[float, float]:
    """Return which quantiles of the resamples are the ends of a BCa interval.

    Φ(z₀ + (z₀ + z) / (1 − a (z₀ + z))) for z = Φ⁻¹((1 ∓ level) / 2), with z₀ from the share of
    resamples below ``value`` (ties count half) and a = Σ d³ / (6 (Σ d²)^1.5) over jackknife
    deviations d. Where z₀ is infinite or nothing varies, the plain quantiles.

    Args:
        drawn: Statistic of each resample.
        value: Statistic of the samples.
        jackknife: Statistic without each group.
        level: Coverage.
    """
    plain = ((1 - level) / 2, (1 + level) / 2)
    below = ((drawn < value).mean() + (drawn <= value).mean()) / 2
    deviations = jackknife[~np.isnan(jackknife)]
    deviations = deviations.mean() - deviations
    spread = float((deviations**2).sum())
    if not 0 < below < 1 or spread == 0:
        return plain
    bias = float(ndtri(below))
    acceleration = float((deviations**3).sum()) / (6 * spread**1.5)
    shifted = [bias + float(ndtri(one)) for one in plain]
    low, high = (float(ndtr(bias + one / (1 - acceleration * one))) for one in shifted)
    return low, high


@dataclass(frozen=True)
class _Groups:
    """Samples sorted by group.

    Attributes:
        order: (N,) positions, group after group.
        starts: (G,) where each group begins in ``order``.
        sizes: (G,) samples of each group.
        pools: Groups of each stratum.
    """

    order: Positions
    starts: Positions
    sizes: Positions
    pools: tuple[Positions, ...]

    def draw(self, random: np.random.Generator) -> Positions:
        """Return the positions of as many groups as there are, drawn with replacement."""
        drawn = [pool[random.integers(len(pool), size=len(pool))] for pool in self.pools]
        return self.positions(np.concatenate(drawn))

    def without(self, group: int) -> Positions:
        """Return the positions of all groups but one."""
        return self.positions(np.delete(np.arange(len(self.sizes)), group))

    def positions(self, groups: Positions) -> Positions:
        """Return the positions of all samples of some groups."""
        sizes = self.sizes[groups]
        first = np.repeat(self.starts[groups] - (np.cumsum(sizes) - sizes), sizes)
        return np.asarray(self.order[first + np.arange(len(first))])


def _grouped(groups: Sequence[str], strata: Sequence[float] | None) -> _Groups:
    if not len(groups):
        raise ValueError("there is no sample to draw")
    _, of_sample = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    order = np.argsort(of_sample, kind="stable").astype(np.int64)
    sizes = np.bincount(of_sample).astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    names = np.zeros(len(groups)) if strata is None else np.asarray(strata)
    kinds, number = np.unique(names, return_inverse=True)
    stratum = number[order[starts]]
    if (stratum[of_sample] != number).any():
        raise ValueError("samples of a group are in several strata")
    pools = tuple(np.flatnonzero(stratum == one).astype(np.int64) for one in range(len(kinds)))
    return _Groups(order, starts, sizes, pools)
