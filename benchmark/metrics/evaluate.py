"""One metric of one task as a number or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.core.problem import TaskKind
from benchmark.metrics import METRICS, MetricInfo
from benchmark.metrics._base import Samples, Undefined, check, classes_used


@dataclass(frozen=True)
class MetricValue:
    """A metric on some samples.

    Attributes:
        value: The number; None if it is undefined.
        reason: Why it is undefined, or a note such as ``2 of 3 classes present``; may be empty.
        n: Labelled samples.
        n_pos: Positives among them for a binary task, else None.
    """

    value: float | None
    reason: str
    n: int
    n_pos: int | None


def evaluate(metric_id: str, kind: TaskKind, y_true: ArrayLike, y_score: ArrayLike) -> MetricValue:
    """Compute a metric over the labelled samples.

    Args:
        metric_id: Registered metric.
        kind: Kind of the task.
        y_true: (N,) class or (N, L) labels; NaN or -1 marks an unlabelled sample.
        y_score: As in ``benchmark.metrics``.

    Raises:
        UnknownNameError: No such metric.
        ValueError: The metric is not defined for ``kind``; arrays that do not fit the kind; a
            multilabel sample of which only some labels are known; scores that are not finite.
    """
    info = metric_info(metric_id)
    if kind not in info.kinds:
        raise ValueError(f"{metric_id} is defined for {', '.join(info.kinds)} tasks, not {kind}")
    truth, score = _labelled(np.asarray(y_true, dtype=np.float64), np.asarray(y_score))
    n_pos = int(truth.sum()) if kind == "binary" else None
    try:
        samples = check(truth, score, (kind,))
        value = float(METRICS.load(metric_id)(samples.truth, samples.score))
    except Undefined as reason:
        return MetricValue(None, str(reason), len(truth), n_pos)
    return MetricValue(value, _note(samples, info.ranks), len(truth), n_pos)


def metric_info(metric_id: str) -> MetricInfo:
    """Return the catalogue entry; UnknownNameError suggests near misses."""
    entry = METRICS.entry(metric_id)
    if not isinstance(entry, MetricInfo):
        raise TypeError(f"metric {metric_id!r} must be registered with a MetricInfo")
    return entry


def _labelled(
    truth: NDArray[np.float64], score: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    if len(truth) != len(score):
        raise ValueError(f"shapes do not fit: y_true {truth.shape} and y_score {score.shape}")
    known: NDArray[np.bool_] = np.isfinite(truth) & (truth >= 0)
    if known.ndim == 2:
        if (known.any(axis=1) != known.all(axis=1)).any():
            raise ValueError("y_true holds samples of which only some labels are known")
        known = np.asarray(known.all(axis=1))
    return truth[known], score[known]


def _note(samples: Samples, ranks: bool) -> str:
    used = len(classes_used(samples, both_outcomes=ranks))
    if used == samples.n_classes:
        return ""
    if samples.kind == "multilabel":
        return f"{used} of {samples.n_classes} labels used"
    return f"{used} of {samples.n_classes} classes present"
