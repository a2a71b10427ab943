"""What must hold for every control and every kind of task it can be fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from benchmark.checks._base import Check, collector, expect, fail
from benchmark.core.errors import DataError, UsageError
from benchmark.core.problem import Component, Modality, Task, TaskKind
from benchmark.models import MODELS
from benchmark.models.controls._base import Control, ControlData
from benchmark.models.controls._config import ControlConfig

#: Settings without which a built-in control cannot be built, or would be slow.
NEEDED: dict[str, dict[str, Any]] = {
    "boosting": {"rounds": 25},
    "boosting_cox": {"rounds": 25, "columns": 1.0},
    "clinical_only": {"modality": "b"},
    "given_score": {"modality": "b", "link": "logit"},
    "haim": {"depths": [2], "trees": [25], "learning_rates": [0.3]},
}
_CLASSES: dict[str, tuple[str, ...]] = {"binary": ("x", "y"), "regression": (), "survival": ()}
_PROBABILITIES = ("binary", "multiclass", "multilabel")
_ROWS = 90

CHECKS: list[Check[ControlSubject]] = []
_check = collector(CHECKS)


@dataclass(frozen=True)
class ControlSubject:
    """A registered control.

    Attributes:
        name: Registry name.
        settings: Settings that differ from its config's defaults.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[TaskKind, ...]:
        """Kinds of task it says it can be fitted to."""
        found: tuple[TaskKind, ...] = getattr(
            MODELS.config(self.name), "kinds", ControlConfig.kinds
        )
        return found

    def build(self, kind: TaskKind, **settings: Any) -> Control:
        """Return a control of a task of one kind, not fitted yet."""
        given = {**NEEDED.get(self.name, {}), **self.settings, **settings}
        config = MODELS.config(self.name).parse(given)
        control = MODELS.load(self.name)(component_of(kind), config, 3)
        expect(isinstance(control, Control), f"{self.name} is no benchmark.plugins.Control")
        built: Control = control
        return built

    def fitted(self, kind: TaskKind, train: ControlData | None = None) -> Control:
        """Return a control fitted on data of one kind."""
        control = self.build(kind)
        control.fit(train or make_data(kind, 0), make_data(kind, 1))
        return control

    def scores(self, kind: TaskKind, data: ControlData) -> NDArray[np.float64]:
        """Fit on data of one kind and score other data."""
        return scores_of(self.fitted(kind), data)


def component_of(kind: TaskKind) -> Component:
    """Return a dataset with two vectors and one task of a kind, with three classes or labels."""
    return Component(
        dataset="toy",
        modalities=tuple(Modality(name=name, kind="vector", shape=(3,)) for name in "ab"),
        tasks=(Task(name="t", kind=kind, classes=_CLASSES.get(kind, ("x", "y", "z"))),),
    )


def make_data(kind: str, seed: int, n: int = _ROWS) -> ControlData:
    """Return rows in which feature 0 of ``b`` tells the target almost perfectly, ``a`` is noise."""
    rng = np.random.default_rng(seed)
    features = {name: rng.standard_normal((n, 3)) for name in "ab"}
    if kind == "multilabel":
        target = (features["b"] + 0.1 * rng.standard_normal((n, 3)) > 0).astype(float)
    elif kind == "regression":
        target = 40 + 5 * features["b"][:, 0]
    elif kind == "segmentation":
        target = rng.integers(0, 3, (n, 4, 5)).astype(float)
    elif kind == "survival":
        time = np.exp(-2 * features["b"][:, 0]) * rng.exponential(size=n) ** 0.2
        left = rng.exponential(3, size=n)
        target = np.stack([np.minimum(time, left), time <= left], axis=1).astype(float)
    else:
        edges = [0.0] if kind == "binary" else [-0.5, 0.5]
        target = np.digitize(features["b"][:, 0], edges).astype(float)
    observed = rng.random((n, 2)) > 0.1
    for m, name in enumerate("ab"):
        features[name][~observed[:, m]] = np.nan
    return ControlData(features, observed, {"t": target})


def scores_of(control: Control, data: ControlData) -> NDArray[np.float64]:
    """Return a fitted control's scores of its task."""
    found = control.predict(data)
    expect(isinstance(found, dict) and "t" in found, "predict gives no scores of the task, by name")
    return found["t"]


def unlabelled(data: ControlData, rows: NDArray[Any]) -> ControlData:
    """Return data without the labels of some rows."""
    target = data.targets["t"].copy()
    target[rows] = -1 if target.ndim == 3 else np.nan
    return ControlData(data.features, data.observed, {"t": target})


def taken(data: ControlData, rows: NDArray[Any]) -> ControlData:
    """Return some rows of data."""
    features = {name: values[rows] for name, values in data.features.items()}
    return ControlData(features, data.observed[rows], {"t": data.targets["t"][rows]})


@_check(
    "give every setting a default, take (component, config, seed), and call super().__init__",
    gate=True,
)
def it_can_be_built(subject: ControlSubject) -> None:
    """For every kind of task its config names; a kind it does not name is refused."""
    expect(subject.kinds, "its config names no kind of task")
    for kind in get_args(TaskKind):
        if kind in subject.kinds:
            subject.build(kind)
            continue
        try:
            subject.build(kind)
        except UsageError:
            continue
        fail(f"it takes a {kind} task, which its config's kinds do not name")


@_check(
    "return {task: float64 scores}: (N,) probability of class 1, value or risk; (N, C) for "
    "multiclass, (N, L) for multilabel"
)
def scores_have_the_form_metrics_take(subject: ControlSubject) -> None:
    """Shape, type, finite; probabilities where the task has classes."""
    shapes = {"multiclass": (_ROWS, 3), "multilabel": (_ROWS, 3), "segmentation": (_ROWS, 4, 5)}
    for kind in subject.kinds:
        scores = subject.scores(kind, make_data(kind, 2))
        wanted = shapes.get(kind, (_ROWS,))
        found = np.shape(scores), getattr(scores, "dtype", type(scores).__name__)
        fits = found == (wanted, np.dtype(np.float64))
        expect(fits, f"scores of a {kind} task are {found}, not ({wanted}, float64)")
        expect(np.isfinite(scores).all(), f"scores of a {kind} task are not finite")
        if kind in _PROBABILITIES:
            within = scores.min() >= 0 and scores.max() <= 1
            expect(within, f"scores of a {kind} task are no probabilities: outside 0 to 1")
        if kind == "multiclass":
            sums = np.abs(scores.sum(axis=1) - 1).max()
            expect(sums < 1e-9, "probabilities of the classes do not sum to 1")


@_check("seed everything that draws from the seed the control is given")
def equal_seeds_give_equal_bits(subject: ControlSubject) -> None:
    """Fitted twice on the same rows, it scores alike to the last bit."""
    for kind in subject.kinds:
        one, other = (subject.scores(kind, make_data(kind, 2)) for _ in range(2))
        expect(np.array_equal(one, other), f"fitted twice on a {kind} task, its scores differ")


@_check("look at labelled rows only, also when means and scales are taken")
def unlabelled_training_rows_change_nothing(subject: ControlSubject) -> None:
    """Not even their features take part in anything."""
    for kind in subject.kinds:
        train, data = make_data(kind, 0), make_data(kind, 2)
        one = subject.fitted(kind, taken(train, np.arange(30, _ROWS)))
        other = subject.fitted(kind, unlabelled(train, np.arange(30)))
        same = np.allclose(scores_of(one, data), scores_of(other, data), atol=1e-9)
        expect(same, f"training rows of a {kind} task without a label change the scores")


@_check("predict from features and flags alone; fit nothing in predict")
def predictions_do_not_look_at_targets(subject: ControlSubject) -> None:
    """Other targets of the rows to be scored change nothing."""
    for kind in subject.kinds:
        control, data = subject.fitted(kind), make_data(kind, 2)
        blind = unlabelled(data, np.arange(_ROWS))
        same = np.array_equal(scores_of(control, data), scores_of(control, blind))
        expect(same, f"without the targets of a {kind} task its scores are others")


@_check("use statistics of the training rows, not of the rows that are scored")
def a_row_is_scored_by_itself(subject: ControlSubject) -> None:
    """Its score does not depend on the rows beside it."""
    for kind in subject.kinds:
        control, data = subject.fitted(kind), make_data(kind, 2)
        alone = scores_of(control, taken(data, np.array([4])))
        same = np.allclose(alone[0], scores_of(control, data)[4], atol=1e-9)
        expect(same, f"a row of a {kind} task alone scores otherwise than among others")


@_check("features of unobserved modalities are NaN: impute from training rows, or branch on it")
def nothing_observed_is_scored(subject: ControlSubject) -> None:
    """A sample without any modality has a finite score, the same for all of them."""
    for kind in subject.kinds:
        data = make_data(kind, 2)
        blind = ControlData(
            {name: np.full_like(values, np.nan) for name, values in data.features.items()},
            np.zeros_like(data.observed),
            data.targets,
        )
        scores = subject.scores(kind, blind)
        expect(np.isfinite(scores).all(), f"a {kind} sample without any modality scores NaN")
        expect(np.ptp(scores, axis=0).max() == 0, f"equal samples of a {kind} task score unequally")


@_check("copy before you write: the arrays belong to the run")
def data_is_left_as_it_is(subject: ControlSubject) -> None:
    """Neither fitting nor scoring writes into the arrays it is given."""
    for kind in subject.kinds:
        train, data = make_data(kind, 0), make_data(kind, 2)
        scores_of(subject.fitted(kind, train), data)
        for one, seed in ((train, 0), (data, 2)):
            for before, after in zip(_arrays(make_data(kind, seed)), _arrays(one), strict=True):
                same = np.array_equal(before, after, equal_nan=True)
                expect(same, f"fitting or scoring a {kind} task changes the arrays it is given")


@_check("raise benchmark.plugins.DataError with the task's name where no training row is labelled")
def a_task_without_labels_is_refused_in_words(subject: ControlSubject) -> None:
    """An error in words, not a NaN or a crash deep inside a library."""
    for kind in subject.kinds:
        train = unlabelled(make_data(kind, 0), np.arange(_ROWS))
        try:
            subject.fitted(kind, train)
        except DataError as error:
            expect("'t'" in str(error), f"the error does not name the task: {error}")
        else:
            fail(f"it is fitted to a {kind} task of which no training row is labelled")


def _arrays(data: ControlData) -> Iterator[NDArray[Any]]:
    yield from data.features.values()
    yield data.observed
    yield from data.targets.values()
