"""What metrics share: checked samples, hard decisions, and which classes count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.core.problem import TaskKind

#: Probability from which a binary or multilabel decision is 1.
THRESHOLD = 0.5


class Undefined(Exception):
    """The metric does not exist for these samples; the text says why, e.g. ``one class only``."""


@dataclass(frozen=True)
class Samples:
    """Labelled samples of one task, checked.

    Attributes:
        kind: ``binary``, ``multiclass`` or ``multilabel``.
        truth: ``(N,)`` int64 class, or ``(N, L)`` int64 in {0, 1} for multilabel.
        score: ``(N,)`` float64 for binary, else ``(N, C)`` or ``(N, L)``.
    """

    kind: TaskKind
    truth: NDArray[np.int64]
    score: NDArray[np.float64]

    @property
    def n_classes(self) -> int:
        """Classes, or labels for multilabel; 2 for binary."""
        return 2 if self.kind == "binary" else int(self.score.shape[1])

    def decisions(self) -> NDArray[np.int64]:
        """Return predicted classes (N,) or label sets (N, L).

        Binary and multilabel: 1 where the score is >= 0.5. Multiclass: the highest score, the
        first of equal ones.
        """
        if self.kind == "multiclass":
            return np.asarray(self.score.argmax(axis=1), dtype=np.int64)
        return (self.score >= THRESHOLD).astype(np.int64)

    def one_vs_rest(self) -> NDArray[np.int64]:
        """Return (N, C) or (N, L): 1 where a sample is of a class or carries a label."""
        if self.kind == "multilabel":
            return self.truth
        return np.asarray(self.truth[:, None] == np.arange(self.n_classes), dtype=np.int64)


def check(y_true: ArrayLike, y_score: ArrayLike, kinds: tuple[TaskKind, ...]) -> Samples:
    """Tell the task kind from the shapes and check both arrays.

    Args:
        y_true: As in ``benchmark.metrics``.
        y_score: As in ``benchmark.metrics``.
        kinds: Kinds the metric is defined for.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: Shapes that do not fit, classes out of range, scores that are not finite, a
            kind the metric does not know.
    """
    truth, score = np.asarray(y_true), np.asarray(y_score, dtype=np.float64)
    kind = _kind(truth, score)
    if kind not in kinds:
        raise ValueError(f"this metric is defined for {', '.join(kinds)} tasks, not {kind}")
    if len(truth) == 0:
        raise Undefined("no labelled samples")
    if not np.isfinite(score).all():
        raise ValueError("y_score holds values that are not finite")
    samples = Samples(kind, _integers(truth), score)
    top = samples.n_classes - 1 if kind == "multiclass" else 1
    if samples.truth.min() < 0 or samples.truth.max() > top:
        raise ValueError(f"y_true of a {kind} task must lie in 0..{top}")
    return samples


def classes_used(samples: Samples, both_outcomes: bool) -> NDArray[np.int64]:
    """Return the classes (labels) that a macro mean runs over, in order.

    Args:
        samples: Checked samples.
        both_outcomes: Ask for a sample outside the class as well, as rankings need; else one
            sample of the class is enough.
    """
    counts = samples.one_vs_rest().sum(axis=0)
    used = counts > 0
    if both_outcomes:
        used &= counts < len(samples.truth)
    return np.flatnonzero(used).astype(np.int64)


def _kind(truth: NDArray[Any], score: NDArray[np.float64]) -> TaskKind:
    shapes = f"y_true {truth.shape} and y_score {score.shape}"
    if truth.ndim not in (1, 2) or score.ndim not in (1, 2) or len(truth) != len(score):
        raise ValueError(f"shapes do not fit: {shapes}")
    if truth.ndim == 2:
        if truth.shape != score.shape:
            raise ValueError(f"shapes do not fit: {shapes}")
        return "multilabel"
    return "binary" if score.ndim == 1 else "multiclass"


def _integers(truth: NDArray[Any]) -> NDArray[np.int64]:
    if not np.isfinite(truth).all() or (truth != np.floor(truth)).any():
        raise ValueError("y_true holds values that are not whole numbers")
    return truth.astype(np.int64)
