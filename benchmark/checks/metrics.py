"""What must hold for every metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.checks._base import Check, collector, expect, fail
from benchmark.core.problem import TaskKind
from benchmark.metrics import METRICS, MetricInfo
from benchmark.metrics._base import Undefined
from benchmark.metrics.evaluate import evaluate, metric_info

CHECKS: list[Check[MetricSubject]] = []
_check = collector(CHECKS)

_DRAWS = 25
_PERFECT: dict[str, Any] = {
    "binary": [0, 1, 1, 0],
    "multiclass": [0, 1, 2, 2, 1, 0],
    "multilabel": [[0, 1, 1], [1, 0, 1], [0, 0, 0]],
    "regression": [0.5, -1.0, 2.0, 0.5],
    "survival": [[3, 1], [1, 1], [2, 0], [4, 0]],
    "segmentation": [[5, 3, 2], [7, 0, 3]],
}


@dataclass(frozen=True)
class MetricSubject:
    """A registered metric."""

    name: str

    @property
    def info(self) -> MetricInfo:
        """Its catalogue entry."""
        return metric_info(self.name)

    def value(self, truth: NDArray[Any], score: NDArray[Any]) -> float | str:
        """Return the number, or the reason why there is none."""
        try:
            return float(METRICS.load(self.name)(truth, score))
        except Undefined as reason:
            return str(reason)


def draw(kind: TaskKind, seed: int, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return random labels and coarse scores: ties are frequent, classes may be absent."""
    rng = np.random.default_rng(seed)
    match kind:
        case "binary":
            return rng.integers(0, 2, n), rng.integers(0, 5, n) / 4
        case "multilabel":
            return rng.integers(0, 2, (n, 3)), rng.integers(0, 5, (n, 3)) / 4
        case "regression":
            return rng.integers(-3, 4, n) / 2, rng.integers(-3, 4, n) / 2
        case "survival":
            times_and_events = np.stack([rng.integers(1, 6, n), rng.integers(0, 2, n)], axis=1)
            return times_and_events, rng.integers(0, 5, n) / 4
        case "segmentation":  # pixels by true and predicted class
            pairs = rng.integers(0, 4, (n, 3, 3)) * rng.integers(0, 2, (n, 3, 3))
            pairs[:, 0, 0] += 1
            return pairs.sum(axis=2), pairs.reshape(n, 9)
    raw = rng.integers(0, 4, (n, 3)) + 0.25
    return rng.integers(0, 3, n), raw / raw.sum(axis=1, keepdims=True)


@_check("register it with a label, a summary (or a docstring) and the task kinds it is for")
def it_is_described(subject: MetricSubject) -> None:
    """A table's reader must know what a column is."""
    info = subject.info
    expect(info.label and info.summary, "it has no label or no summary")
    expect(info.kinds, "it names no task kind")
    expect(info.bounds[0] < info.bounds[1], f"its bounds {info.bounds} are no interval")


@_check("state bounds and higher_is_better as they are")
def perfect_scores_reach_the_best_bound(subject: MetricSubject) -> None:
    """The truth itself, as a score, is the best there is."""
    info = subject.info
    best = info.bounds[1] if info.higher_is_better else info.bounds[0]
    for kind in info.kinds:
        truth = np.asarray(_PERFECT[kind])
        value = subject.value(truth, _perfect(kind, truth))
        fits = isinstance(value, float) and isclose(value, best, abs_tol=1e-9)
        expect(fits, f"perfect scores of a {kind} task give {value}, the best bound is {best}")


@_check("state bounds as they are")
def values_stay_within_the_bounds(subject: MetricSubject) -> None:
    """For any labels and scores."""
    low, high = subject.info.bounds
    for kind, seed, truth, score in _cases(subject):
        value = subject.value(truth, score)
        within = isinstance(value, str) or low <= value <= high
        expect(within, f"draw {seed} of a {kind} task gives {value}, outside {low} to {high}")


@_check("compute over all samples at once; break ties without looking at their order")
def the_order_of_samples_does_not_matter(subject: MetricSubject) -> None:
    """Shuffled samples give the same value, or are undefined for the same reason."""
    for kind, seed, truth, score in _cases(subject):
        order = np.random.default_rng(seed).permutation(len(truth))
        value, again = subject.value(truth, score), subject.value(truth[order], score[order])
        expect(_same(value, again), f"{kind} samples in another order: {value} becomes {again}")


@_check("treat all classes alike; a mean over classes must not know their numbers")
def the_names_of_classes_do_not_matter(subject: MetricSubject) -> None:
    """Of binary tasks class 1 is the positive one by definition, so these are left out."""
    order = np.array([2, 0, 1])
    for kind in [one for one in subject.info.kinds if one in ("multiclass", "multilabel")]:
        for seed in range(10):
            truth, score = draw(kind, seed, 12)
            # Ties have an order.
            score = score + np.random.default_rng(seed).random(score.shape) * 1e-3
            renamed = truth[:, order] if kind == "multilabel" else np.argsort(order)[truth]
            value, again = subject.value(truth, score), subject.value(renamed, score[:, order])
            same = (isinstance(value, str) and isinstance(again, str)) or _same(value, again)
            expect(same, f"with classes renamed, a {kind} task's {value} becomes {again}")


@_check("raise benchmark.plugins.Undefined('why') where the number does not exist")
def small_and_empty_inputs_give_a_number_or_a_reason(subject: MetricSubject) -> None:
    """None and one sample: a finite number or Undefined, never NaN."""
    for kind in subject.info.kinds:
        for n in (0, 1):
            found = evaluate(subject.name, kind, *draw(kind, 1, n))
            expect(found.n == n, f"{n} labelled {kind} samples are counted as {found.n}")
            if found.value is None:
                expect(found.reason, f"{n} {kind} samples: undefined without a reason")
            elif not isfinite(found.value):
                fail(f"{n} {kind} samples give {found.value} instead of a reason")


def _cases(
    subject: MetricSubject,
) -> Iterator[tuple[TaskKind, int, NDArray[Any], NDArray[Any]]]:
    for kind in subject.info.kinds:
        for seed in range(_DRAWS):
            yield kind, seed, *draw(kind, seed, 1 + seed)


def _perfect(kind: TaskKind, truth: NDArray[Any]) -> NDArray[Any]:
    if kind == "survival":
        return np.asarray(-truth[:, 0], dtype=np.float64)
    if kind == "segmentation":  # every pixel of class i is predicted as i
        return np.asarray(truth[:, :, None] * np.eye(3), dtype=np.float64).reshape(-1, 9)
    return np.eye(3)[truth] if kind == "multiclass" else truth.astype(np.float64)


def _same(one: float | str, other: float | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return isclose(one, other, abs_tol=1e-12)
