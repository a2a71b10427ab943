"""Does a measured mean agree with a printed one: an interval of the difference, and a word."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmark.analysis.statistics.student import t_quantile
from benchmark.analysis.statistics.ttest import variance_of_mean
from benchmark.render.table import Method, VerdictWord

LEVEL = 0.95


@dataclass(frozen=True)
class Sample:
    """A mean over runs and what is known of its spread.

    Attributes:
        mean: Mean.
        std: Standard deviation over runs, ddof 1; None if not known.
        n: Number of runs; None if not known.
        ratio: Test rows / training rows where runs share training rows (folds, random splits);
            0 where they do not (seeds of one split).
        resolution: Half a unit of the last digit of a number known only as printed.
    """

    mean: float
    std: float | None
    n: int | None
    ratio: float = 0.0
    resolution: float = 0.0


@dataclass(frozen=True)
class Interval:
    """A difference and its interval.

    Attributes:
        value: Ours minus printed.
        low: Lower end; None if there is no interval.
        high: Upper end.
        method: How the interval was made; empty without one.
        reason: Why there is none.
    """

    value: float
    low: float | None = None
    high: float | None = None
    method: Method = ""
    reason: str = ""


def difference(ours: Sample, printed: Sample) -> Interval:
    """Return the 95 % interval of (ours − printed).

    With a printed spread it is Welch's, each variance of a mean being (1/n + ratio) s² (Nadeau and
    Bengio 2003; ratio 0 leaves s²/n) and the degrees of freedom Welch and Satterthwaite's. Without
    one, it is a prediction interval: where a mean of as many runs as the paper's would fall if
    they spread as ours do, df n − 1; one run if the paper's number is not known. Without any
    spread on both sides, what is left is the rounding of the printed number.

    Args:
        ours: Measured; ``n`` is known.
        printed: From the paper.
    """
    value = ours.mean - printed.mean
    if ours.std is None or ours.n is None or ours.n < 2:
        return Interval(value, reason="a single run, so there is no interval")
    mine = variance_of_mean(ours.std, ours.n, ours.ratio)
    if printed.std is not None and printed.n is not None and printed.n > 1:
        theirs = variance_of_mean(printed.std, printed.n, printed.ratio)
        df = _satterthwaite(mine, ours.n, theirs, printed.n)
        return _interval(value, mine + theirs, df, "welch", printed.resolution)
    theirs = variance_of_mean(ours.std, printed.n or 1, printed.ratio)
    return _interval(value, mine + theirs, ours.n - 1, "prediction", printed.resolution)


def judge(found: Interval, tolerance: float) -> VerdictWord:
    """Return ``differs`` if the interval leaves out 0, ``agrees`` if it is within ± tolerance."""
    if found.low is None or found.high is None:
        return "inconclusive"
    if found.low > 0 or found.high < 0:
        return "differs"
    inside = -tolerance <= found.low and found.high <= tolerance
    return "agrees" if inside else "inconclusive"


def _interval(
    value: float, variance: float, df: float, method: Method, resolution: float
) -> Interval:
    if variance == 0:
        return Interval(value, value - resolution, value + resolution, "rounding")
    reach = t_quantile(LEVEL, df) * math.sqrt(variance)
    return Interval(value, value - reach, value + reach, method)


def _satterthwaite(mine: float, n: int, theirs: float, m: int) -> float:
    """Return (v + w)² / (v² / (n − 1) + w² / (m − 1))."""
    parts = mine**2 / (n - 1) + theirs**2 / (m - 1)
    return (mine + theirs) ** 2 / parts if parts > 0 else float(n + m - 2)
