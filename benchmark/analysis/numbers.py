"""What a table says of a number: label, direction, digits; of metrics and of quantities alike."""

from __future__ import annotations

from math import floor, log10

from benchmark.core.result import USUAL, Pick
from benchmark.metrics import METRICS, MetricInfo, is_quantity, quantity_info

_DIGITS = 3
_SIGNIFICANT = 4


def metric_label(metric: str, pick: Pick = USUAL) -> str:
    """Return a column head, e.g. ``AUROC`` or ``ACC (expert:synergy)``."""
    label = quantity_info(metric).label if is_quantity(metric) else _info(metric).label
    return f"{label} ({pick})" if str(pick) else label


def direction(metric: str) -> bool | None:
    """Return whether higher is better; None where a number has no direction."""
    if is_quantity(metric):
        return quantity_info(metric).higher_is_better
    return _info(metric).higher_is_better


def shown_digits(metric: str, value: float | None) -> int:
    """Return the decimals to print: three of a score, four significant digits of a cost."""
    fixed = quantity_info(metric).digits if is_quantity(metric) else _DIGITS
    if fixed is not None:
        return fixed
    return max(0, _SIGNIFICANT - 1 - floor(log10(abs(value)))) if value else _DIGITS


def _info(metric: str) -> MetricInfo:
    entry = METRICS.entry(metric)
    if not isinstance(entry, MetricInfo):
        raise TypeError(f"metric {metric!r} must be registered with a MetricInfo")
    return entry
