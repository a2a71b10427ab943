"""One metric of one task as a number or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.core.problem import Task, TaskKind
from benchmark.metrics import METRICS, MetricInfo
from benchmark.metrics._base import Samples, Undefined, check, classes_used

Values = NDArray[np.float64]


@dataclass(frozen=True)
class MetricValue:
    """A metric on some samples.

    Attributes:
        value: The number; None if it is undefined.
        reason: Why it is undefined, or a note such as ``2 of 3 classes present``; may be empty.
        n: Labelled samples.
        n_pos: Positives among them for a binary task, events for survival, else None.
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
        y_true: As in ``benchmark.metrics``; NaN marks an unlabelled sample, -1 as well unless the
            task is a regression.
        y_score: As in ``benchmark.metrics``.

    Raises:
        UnknownNameError: No such metric.
        ValueError: The metric is not defined for ``kind``; arrays that do not fit the kind; a
            multilabel sample of which only some labels are known, a survival sample without time
            or event; scores that are not finite.
    """
    info = metric_info(metric_id)
    if kind not in info.kinds:
        raise ValueError(f"{metric_id} is defined for {', '.join(info.kinds)} tasks, not {kind}")
    truth, score = _labelled(kind, np.asarray(y_true, dtype=np.float64), np.asarray(y_score))
    n_pos = _positives(kind, truth)
    try:
        value, reason = _compute(info, metric_id, kind, truth, score)
    except Undefined as undefined:
        return MetricValue(None, str(undefined), len(truth), n_pos)
    return MetricValue(value, reason, len(truth), n_pos)


def metric_form(
    task: Task, truth: NDArray[Any], score: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return targets and scores of a run as metrics take them.

    They are that already, but for masks (N, H, W), which become counts of pixels; see
    :func:`benchmark.metrics.dice.overlaps`.
    """
    if task.kind != "segmentation":
        return truth, score
    from benchmark.metrics.dice import overlaps

    return overlaps(truth, score, len(task.classes))


def metric_info(metric_id: str) -> MetricInfo:
    """Return the catalogue entry; UnknownNameError suggests near misses."""
    entry = METRICS.entry(metric_id)
    if not isinstance(entry, MetricInfo):
        raise TypeError(f"metric {metric_id!r} must be registered with a MetricInfo")
    return entry


def _compute(
    info: MetricInfo, metric_id: str, kind: TaskKind, truth: Values, score: NDArray[Any]
) -> tuple[float, str]:
    metric = METRICS.load(metric_id)
    if kind in ("regression", "survival", "segmentation"):
        return float(metric(truth, score)), ""
    samples = check(truth, score, (kind,))
    return float(metric(samples.truth, samples.score)), _note(samples, info)


def _positives(kind: TaskKind, truth: Values) -> int | None:
    if kind == "binary":
        return int(truth.sum())
    return int(truth[:, 1].sum()) if kind == "survival" else None


def _labelled(kind: TaskKind, truth: Values, score: NDArray[Any]) -> tuple[Values, NDArray[Any]]:
    if len(truth) != len(score):
        raise ValueError(f"shapes do not fit: y_true {truth.shape} and y_score {score.shape}")
    known: NDArray[np.bool_] = np.isfinite(truth)
    if kind != "regression":
        known &= truth >= 0
    if known.ndim == 2:
        if (known.any(axis=1) != known.all(axis=1)).any():
            what = "only time or event is" if kind == "survival" else "only some labels are"
            raise ValueError(f"y_true holds samples of which {what} known")
        known = np.asarray(known.all(axis=1))
    return truth[known], score[known]


def _note(samples: Samples, info: MetricInfo) -> str:
    used = len(classes_used(samples, both_outcomes=info.ranks))
    if used == samples.n_classes:
        return ""
    if samples.kind == "multilabel":
        return "" if info.pooled else f"{used} of {samples.n_classes} labels used"
    return f"{used} of {samples.n_classes} classes present"
