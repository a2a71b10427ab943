"""What holds for every registered control and every task kind it can be fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.core.errors import DataError, UnknownNameError, UsageError
from benchmark.core.problem import Component, Modality, Task
from benchmark.metrics.evaluate import evaluate
from benchmark.models import MODELS
from benchmark.models.controls._base import Control, ControlData

NAMES = [name for name in MODELS if MODELS.entry(name).family == "control"]
CASES = [(name, kind) for name in NAMES for kind in MODELS.config(name).kinds]
METRIC = {
    "binary": "auroc_binary",
    "multiclass": "auroc_ovr_macro",
    "multilabel": "auroc_ovr_macro",
    "regression": "mae",
    "survival": "c_index",
    "segmentation": "dice_macro",
}
CLASSES = {"binary": ("x", "y"), "regression": (), "survival": ()}
#: Settings without which a control cannot be built, or would be slow.
NEEDED: dict[str, dict[str, Any]] = {
    "boosting": {"rounds": 25},
    "boosting_cox": {"rounds": 25, "columns": 1.0},
    "clinical_only": {"modality": "b"},
}


def _component(kind: Any) -> Component:
    return Component(
        dataset="toy",
        modalities=tuple(Modality(name=name, kind="vector", shape=(3,)) for name in "ab"),
        tasks=(Task(name="t", kind=kind, classes=CLASSES.get(kind, ("x", "y", "z"))),),
    )


def _data(kind: str, seed: int, n: int = 90) -> ControlData:
    """Feature 0 of ``b`` tells the target almost perfectly, ``a`` is noise."""
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


def _build(name: str, kind: str, **settings: Any) -> Control:
    config = MODELS.config(name).parse(NEEDED.get(name, {}) | settings)
    control = MODELS.load(name)(_component(kind), config, 3)
    assert isinstance(control, Control)
    return control


def _fitted(name: str, kind: str, train: ControlData | None = None) -> Control:
    control = _build(name, kind)
    control.fit(train or _data(kind, 0), _data(kind, 1))
    return control


def _unlabel(data: ControlData, rows: NDArray[Any]) -> ControlData:
    target = data.targets["t"].copy()
    target[rows] = -1 if target.ndim == 3 else np.nan
    return ControlData(data.features, data.observed, {"t": target})


def _take(data: ControlData, rows: NDArray[Any]) -> ControlData:
    features = {name: values[rows] for name, values in data.features.items()}
    return ControlData(features, data.observed[rows], {"t": data.targets["t"][rows]})


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_scores_have_the_form_metrics_take(name: str, kind: str) -> None:
    scores = _fitted(name, kind).predict(_data(kind, 2))["t"]
    shapes = {"multiclass": (90, 3), "multilabel": (90, 3), "segmentation": (90, 4, 5)}
    assert scores.shape == shapes.get(kind, (90,))
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    if kind not in ("regression", "survival", "segmentation"):
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
    if kind == "regression":  # the mean of all is wrong by 4; a tenth of the rows lack the modality
        assert value < 2
    else:
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


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[0] != "prior"])
def test_without_validation_labels_the_task_is_named(name: str, kind: str) -> None:
    with pytest.raises(DataError, match="task 't' has no usable label in the validation part"):
        _build(name, kind).fit(_data(kind, 0), _unlabel(_data(kind, 1), np.arange(90)))


@pytest.mark.parametrize("name", NAMES)
def test_kinds_it_cannot_be_fitted_to_are_refused(name: str) -> None:
    kinds = MODELS.config(name).kinds
    assert kinds
    for kind in ("binary", "multiclass", "multilabel", "regression", "survival", "segmentation"):
        if kind not in kinds:
            with pytest.raises(UsageError, match=f"cannot be fitted to task 't', which is {kind}"):
                _build(name, kind)


@pytest.mark.parametrize(
    "name", [name for name, kind in CASES if kind == "survival" and name != "prior"]
)
def test_survival_without_a_training_event_is_refused(name: str) -> None:
    train = _data("survival", 0)
    train.targets["t"][:, 1] = 0
    with pytest.raises(DataError, match="task 't' has no event in the training part"):
        _fitted(name, "survival", train)


@pytest.mark.parametrize("name", [name for name, kind in CASES if kind == "multiclass"])
def test_a_class_absent_from_training_gets_no_chance(name: str) -> None:
    train = _data("multiclass", 0)
    train = _take(train, np.flatnonzero(train.targets["t"] != 1))
    scores = _fitted(name, "multiclass", train).predict(_data("multiclass", 2))["t"]
    assert not scores[:, 1].any()
    assert np.allclose(scores.sum(axis=1), 1)


@pytest.mark.parametrize("name", [name for name, kind in CASES if kind == "multilabel"])
def test_a_label_that_is_always_set_scores_one(name: str) -> None:
    train = _data("multilabel", 0)
    train.targets["t"][:, 2] = 1.0
    scores = _fitted(name, "multilabel", train).predict(_data("multilabel", 2))["t"]
    assert (scores[:, 2] == 1).all()


def test_prior_is_the_class_frequencies() -> None:
    train = _data("multiclass", 0)
    scores = _fitted("prior", "multiclass", train).predict(_data("multiclass", 2))["t"]
    assert np.allclose(scores, [[np.mean(train.targets["t"] == c) for c in range(3)]])


def test_prior_of_survival_is_a_coin_and_of_regression_the_mean() -> None:
    data = _data("survival", 2)
    scores = _fitted("prior", "survival").predict(data)["t"]
    assert evaluate("c_index", "survival", data.targets["t"], scores).value == 0.5
    train = _unlabel(_data("regression", 0), np.arange(30))
    scores = _fitted("prior", "regression", train).predict(_data("regression", 2))["t"]
    assert np.allclose(scores, np.nanmean(train.targets["t"]))


def test_clinical_only_reads_one_modality() -> None:
    data = _data("survival", 2)
    noisy = ControlData({**data.features, "a": data.features["a"] * 9}, data.observed, data.targets)
    control = _fitted("clinical_only", "survival")
    assert np.array_equal(control.predict(data)["t"], control.predict(noisy)["t"])


def test_pca_ridge_cox_reads_the_modalities_it_is_told() -> None:
    data = _data("survival", 2)
    control = _build("pca_ridge_cox", "survival", modalities=["b"])
    control.fit(_data("survival", 0), _data("survival", 1))
    noisy = ControlData({**data.features, "a": data.features["a"] * 9}, data.observed, data.targets)
    assert np.array_equal(control.predict(data)["t"], control.predict(noisy)["t"])


@pytest.mark.parametrize(
    ("name", "settings"),
    [("clinical_only", {"modality": "c"}), ("pca_ridge_cox", {"modalities": ["a", "c"]})],
)
def test_a_modality_the_run_lacks_is_named(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(UnknownNameError, match="unknown modality 'c'"):
        _build(name, "survival", **settings)


@pytest.mark.parametrize(
    ("kind", "metric"), [("regression", "mae"), ("survival", "c_index"), ("multilabel", "auroc_ov")]
)
def test_best_single_chooses_in_the_right_direction(kind: str, metric: str) -> None:
    control = _fitted("best_single", kind)
    assert control.info["modality"] == {"t": "b"}
    assert control.info["metric"]["t"].startswith(metric)


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
