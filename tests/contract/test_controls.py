"""What holds for every registered control and every task kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.core.errors import DataError, UsageError
from benchmark.core.problem import Component, Modality, Task
from benchmark.metrics.evaluate import evaluate
from benchmark.models import MODELS
from benchmark.models.controls._base import Control, ControlData

NAMES = [name for name in MODELS if MODELS.entry(name).family == "control"]
KINDS = ["binary", "multiclass", "multilabel"]
CASES = [(name, kind) for name in NAMES for kind in KINDS]
METRIC = {
    "binary": "auroc_binary",
    "multiclass": "auroc_ovr_macro",
    "multilabel": "auroc_ovr_macro",
}
FAST: dict[str, dict[str, Any]] = {"boosting": {"rounds": 25}}


def _component(kind: Any) -> Component:
    return Component(
        dataset="toy",
        modalities=tuple(Modality(name=name, kind="vector", shape=(3,)) for name in "ab"),
        tasks=(
            Task(name="t", kind=kind, classes=("x", "y") if kind == "binary" else ("x", "y", "z")),
        ),
    )


def _data(kind: str, seed: int, n: int = 90) -> ControlData:
    """Feature 0 of ``b`` tells the target almost perfectly, ``a`` is noise."""
    rng = np.random.default_rng(seed)
    features = {name: rng.standard_normal((n, 3)) for name in "ab"}
    if kind == "multilabel":
        target = (features["b"] + 0.1 * rng.standard_normal((n, 3)) > 0).astype(float)
    else:
        edges = [0.0] if kind == "binary" else [-0.5, 0.5]
        target = np.digitize(features["b"][:, 0], edges).astype(float)
    observed = rng.random((n, 2)) > 0.1
    for m, name in enumerate("ab"):
        features[name][~observed[:, m]] = np.nan
    return ControlData(features, observed, {"t": target})


def _build(name: str, kind: str, **settings: Any) -> Control:
    config = MODELS.config(name).parse(FAST.get(name, {}) | settings)
    control = MODELS.load(name)(_component(kind), config, 3)
    assert isinstance(control, Control)
    return control


def _fitted(name: str, kind: str, train: ControlData | None = None) -> Control:
    control = _build(name, kind)
    control.fit(train or _data(kind, 0), _data(kind, 1))
    return control


def _unlabel(data: ControlData, rows: NDArray[Any]) -> ControlData:
    target = data.targets["t"].copy()
    target[rows] = np.nan
    return ControlData(data.features, data.observed, {"t": target})


def _take(data: ControlData, rows: NDArray[Any]) -> ControlData:
    features = {name: values[rows] for name, values in data.features.items()}
    return ControlData(features, data.observed[rows], {"t": data.targets["t"][rows]})


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_scores_have_the_form_metrics_take(name: str, kind: str) -> None:
    scores = _fitted(name, kind).predict(_data(kind, 2))["t"]
    assert scores.shape == ((90,) if kind == "binary" else (90, 3))
    assert scores.min() >= 0
    assert scores.max() <= 1
    if kind == "multiclass":
        assert np.allclose(scores.sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[0] != "prior"])
def test_learns_what_is_there(name: str, kind: Any) -> None:
    data = _data(kind, 2)
    scores = _fitted(name, kind).predict(data)["t"]
    value = evaluate(METRIC[kind], kind, data.targets["t"], scores).value
    assert value is not None
    assert value > 0.8


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_equal_seeds_give_equal_bits(name: str, kind: str) -> None:
    one, other = (_fitted(name, kind).predict(_data(kind, 2))["t"] for _ in range(2))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_unlabelled_training_rows_change_nothing(name: str, kind: str) -> None:
    train, rows = _data(kind, 0), np.arange(30)
    one = _fitted(name, kind, _take(train, np.arange(30, 90)))
    # Features of unlabelled rows may take part in nothing either.
    other = _fitted(name, kind, _unlabel(train, rows))
    data = _data(kind, 2)
    assert np.allclose(one.predict(data)["t"], other.predict(data)["t"], atol=1e-9)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_row_is_scored_by_itself(name: str, kind: str) -> None:
    control, data = _fitted(name, kind), _data(kind, 2)
    alone = control.predict(_take(data, np.array([4])))["t"]
    assert np.allclose(alone[0], control.predict(data)["t"][4], atol=1e-9)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_nothing_observed_is_scored(name: str, kind: str) -> None:
    data = _data(kind, 2)
    blind = ControlData(
        {m: np.full_like(values, np.nan) for m, values in data.features.items()},
        np.zeros_like(data.observed),
        data.targets,
    )
    scores = _fitted(name, kind).predict(blind)["t"]
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=0).max() == 0


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_without_training_labels_the_task_is_named(name: str, kind: str) -> None:
    train = _unlabel(_data(kind, 0), np.arange(90))
    with pytest.raises(DataError, match="task 't' has no usable label in the training part"):
        _fitted(name, kind, train)


@pytest.mark.parametrize("name", ["ridge_logistic", "boosting", "best_single"])
def test_without_validation_labels_the_task_is_named(name: str) -> None:
    with pytest.raises(DataError, match="task 't' has no usable label in the validation part"):
        _build(name, "binary").fit(_data("binary", 0), _unlabel(_data("binary", 1), np.arange(90)))


@pytest.mark.parametrize("name", NAMES)
def test_a_class_absent_from_training_gets_no_chance(name: str) -> None:
    train = _data("multiclass", 0)
    train = _take(train, np.flatnonzero(train.targets["t"] != 1))
    scores = _fitted(name, "multiclass", train).predict(_data("multiclass", 2))["t"]
    assert not scores[:, 1].any()
    assert np.allclose(scores.sum(axis=1), 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_label_that_is_always_set_scores_one(name: str) -> None:
    train = _data("multilabel", 0)
    train.targets["t"][:, 2] = 1.0
    scores = _fitted(name, "multilabel", train).predict(_data("multilabel", 2))["t"]
    assert (scores[:, 2] == 1).all()


def test_prior_is_the_class_frequencies() -> None:
    train = _data("multiclass", 0)
    scores = _fitted("prior", "multiclass", train).predict(_data("multiclass", 2))["t"]
    assert np.allclose(scores, [[np.mean(train.targets["t"] == c) for c in range(3)]])


@pytest.mark.parametrize("estimator", ["ridge_logistic", "boosting"])
def test_best_single_finds_the_informative_modality(estimator: str) -> None:
    control = _build("best_single", "binary", estimator=estimator, boosting={"rounds": 25})
    control.fit(_data("binary", 0), _data("binary", 1))
    assert control.info["modality"] == {"t": "b"}
    assert control.info["metric"] == {"t": "auroc_binary"}
    values = control.info["validation"]["t"]
    assert values["b"] > values["a"] + 0.2
    data = _data("binary", 2)
    noisy = ControlData({**data.features, "a": data.features["a"] * 9}, data.observed, data.targets)
    assert np.array_equal(control.predict(data)["t"], control.predict(noisy)["t"])


def test_best_single_chooses_on_validation_not_on_training() -> None:
    train, val = _data("binary", 0), _data("binary", 1)
    swapped = ControlData(
        {"a": val.features["b"], "b": val.features["a"]}, val.observed, val.targets
    )
    both = ControlData(
        {"a": train.features["b"], "b": train.features["b"]}, train.observed, train.targets
    )
    control = _build("best_single", "binary")
    control.fit(both, swapped)
    assert control.info["modality"] == {"t": "a"}


def test_best_single_refuses_a_metric_that_does_not_fit() -> None:
    control = _build("best_single", "multiclass", metric="auroc_binary")
    with pytest.raises(UsageError, match="cannot choose by 'auroc_binary': task 't' is multiclass"):
        control.fit(_data("multiclass", 0), _data("multiclass", 1))


def test_best_single_says_why_the_metric_is_undefined() -> None:
    val = _data("binary", 1)
    val.targets["t"][:] = 1.0
    control = _build("best_single", "binary")
    with pytest.raises(DataError, match="auroc_binary of task 't' is undefined on the validation"):
        control.fit(_data("binary", 0), val)
