"""Registered metrics and what each means.

A metric is a function ``(y_true, y_score) -> float`` over labelled samples:

========== ============================== ==========================================
task kind  y_true                         y_score
========== ============================== ==========================================
binary     (N,) int in {0, 1}             (N,) float, probability of class 1
multiclass (N,) int in 0..C-1             (N, C) float, probabilities that sum to 1
multilabel (N, L) int in {0, 1}           (N, L) float, probability of each label
regression (N,) float                     (N,) float, predicted value
survival   (N, 2) time >= 0, event 0 or 1 (N,) float, risk: higher = earlier event
segmenta-  (N, C) pixels of each class    (N, C * C) pixels of class i predicted as
tion                                      j, at column i * C + j
========== ============================== ==========================================

It raises ``benchmark.metrics._base.Undefined`` (with the reason) where the number does not exist.
"""

from __future__ import annotations

from benchmark.metrics._catalog import (
    FAMILIES,
    METRICS,
    MetricInfo,
    kinds_of,
    metric_of_kind,
    named_ref,
    source_of,
)
from benchmark.metrics._quantities import (
    COUNTED,
    QUANTITIES,
    QuantityInfo,
    is_quantity,
    quantity_info,
)

__all__ = [
    "COUNTED",
    "FAMILIES",
    "METRICS",
    "QUANTITIES",
    "MetricInfo",
    "QuantityInfo",
    "is_quantity",
    "kinds_of",
    "metric_of_kind",
    "named_ref",
    "quantity_info",
    "source_of",
]
