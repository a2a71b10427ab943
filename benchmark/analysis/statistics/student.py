"""Student's t distribution; ``scipy.special`` loads much faster than ``scipy.stats``."""

from __future__ import annotations

from scipy.special import stdtr, stdtrit


def t_quantile(level: float, df: float) -> float:
    """Return t such that a share ``level`` of the distribution lies between −t and t."""
    return float(stdtrit(df, (1 + level) / 2))


def t_two_sided(statistic: float, df: float) -> float:
    """Return the probability of a t at least as far from 0 as ``statistic``."""
    return min(1.0, 2 * float(stdtr(df, -abs(statistic))))
