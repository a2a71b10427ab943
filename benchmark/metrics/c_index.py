"""Concordance of predicted risks with the order of events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.metrics._base import Undefined


def c_index(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Share of comparable pairs in which the sample with the earlier event has the higher risk.

    Definition: a pair is comparable if the sample with the shorter time had the event, or if both
        times are equal and one sample had the event and the other is censored (who was still alive
        then); Harrell et al., "Multivariable prognostic models" (Statistics in Medicine 1996);
        the same number as lifelines' ``concordance_index`` of minus the risk.
    Direction: higher is better; a constant risk gives 0.5.
    Bounds: 0 to 1.
    Ties: equal risks in a comparable pair count one half; two events at the same time are not
        comparable, nor are two censored samples.
    One class: undefined without a comparable pair, e.g. without an event.

    Args:
        y_true: (N, 2) time and event (1 = event, 0 = censored).
        y_score: (N,) risk, higher for an earlier event.

    Raises:
        Undefined: ``no labelled samples``; ``no comparable pair (2 events in 5 samples)``.
        ValueError: Arrays that do not fit.
    """
    time, event, risk = _check(y_true, y_score)
    concordant, pairs = 0.0, 0
    for sample in np.flatnonzero(event):
        later = (time > time[sample]) | ((time == time[sample]) & ~event)
        others = risk[later]
        concordant += np.sum(others < risk[sample]) + 0.5 * np.sum(others == risk[sample])
        pairs += len(others)
    if pairs == 0:
        raise Undefined(f"no comparable pair ({event.sum()} events in {len(time)} samples)")
    return float(concordant / pairs)


def _check(
    y_true: ArrayLike, y_score: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[Any]]:
    truth, risk = np.asarray(y_true, dtype=np.float64), np.asarray(y_score)
    if truth.ndim != 2 or truth.shape[1] != 2 or risk.shape != truth.shape[:1]:
        raise ValueError(
            f"shapes do not fit: y_true {truth.shape} and y_score {risk.shape}; "
            "a survival task has (N, 2) time and event, and (N,) risk"
        )
    if len(truth) == 0:
        raise Undefined("no labelled samples")
    if not np.isfinite(truth).all() or (truth[:, 0] < 0).any() or not set(truth[:, 1]) <= {0, 1}:
        raise ValueError("y_true must hold times of 0 or more, and events that are 0 or 1")
    if not np.isfinite(risk).all():
        raise ValueError("y_score holds values that are not finite")
    return truth[:, 0], truth[:, 1] == 1, risk
