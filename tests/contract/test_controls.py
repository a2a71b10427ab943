"""What holds for every registered control; ``mmbench check`` makes the same checks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmark.checks._base import Check
from benchmark.checks.controls import CHECKS, ControlSubject, make_data, taken, unlabelled
from benchmark.core.errors import DataError, UnknownNameError, UsageError
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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "_"))
def test_control(check: Check[ControlSubject], name: str) -> None:
    check.run(ControlSubject(name))


def _build(name: str, kind: Any, **settings: Any) -> Control:
    return ControlSubject(name).build(kind, **settings)


def _fitted(name: str, kind: Any, train: ControlData | None = None) -> Control:
    return ControlSubject(name).fitted(kind, train)


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[0] != "prior"])
def test_learns_what_is_there(name: str, kind: Any) -> None:
    data = make_data(kind, 2)
    scores = _fitted(name, kind).predict(data)["t"]
    value = evaluate(METRIC[kind], kind, data.targets["t"], scores).value
    assert value is not None
    if kind == "regression":  # the mean of all is wrong by 4; a tenth of the rows lack the modality
        assert value < 2
    else:
        assert value > 0.8


#: Controls that never look at validation rows.
BLIND = ("prior", "given_score")


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[0] not in BLIND])
def test_without_validation_labels_the_task_is_named(name: str, kind: str) -> None:
    with pytest.raises(DataError, match="task 't' has no usable label in the validation part"):
        _build(name, kind).fit(make_data(kind, 0), unlabelled(make_data(kind, 1), np.arange(90)))


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
    train = make_data("survival", 0)
    train.targets["t"][:, 1] = 0
    with pytest.raises(DataError, match="task 't' has no event in the training part"):
        _fitted(name, "survival", train)


@pytest.mark.parametrize("name", [name for name, kind in CASES if kind == "multiclass"])
def test_a_class_absent_from_training_gets_no_chance(name: str) -> None:
    train = make_data("multiclass", 0)
    train = taken(train, np.flatnonzero(train.targets["t"] != 1))
    scores = _fitted(name, "multiclass", train).predict(make_data("multiclass", 2))["t"]
    assert not scores[:, 1].any()
    assert np.allclose(scores.sum(axis=1), 1)


@pytest.mark.parametrize("name", [name for name, kind in CASES if kind == "multilabel"])
def test_a_label_that_is_always_set_scores_one(name: str) -> None:
    train = make_data("multilabel", 0)
    train.targets["t"][:, 2] = 1.0
    scores = _fitted(name, "multilabel", train).predict(make_data("multilabel", 2))["t"]
    assert (scores[:, 2] == 1).all()


def test_prior_is_the_class_frequencies() -> None:
    train = make_data("multiclass", 0)
    scores = _fitted("prior", "multiclass", train).predict(make_data("multiclass", 2))["t"]
    assert np.allclose(scores, [[np.mean(train.targets["t"] == c) for c in range(3)]])


def test_prior_of_survival_is_a_coin_and_of_regression_the_mean() -> None:
    data = make_data("survival", 2)
    scores = _fitted("prior", "survival").predict(data)["t"]
    assert evaluate("c_index", "survival", data.targets["t"], scores).value == 0.5
    train = unlabelled(make_data("regression", 0), np.arange(30))
    scores = _fitted("prior", "regression", train).predict(make_data("regression", 2))["t"]
    assert np.allclose(scores, np.nanmean(train.targets["t"]))


def test_clinical_only_reads_one_modality() -> None:
    data = make_data("survival", 2)
    noisy = ControlData({**data.features, "a": data.features["a"] * 9}, data.observed, data.targets)
    control = _fitted("clinical_only", "survival")
    assert np.array_equal(control.predict(data)["t"], control.predict(noisy)["t"])


def test_pca_ridge_cox_reads_the_modalities_it_is_told() -> None:
    data = make_data("survival", 2)
    control = _build("pca_ridge_cox", "survival", modalities=["b"])
    control.fit(make_data("survival", 0), make_data("survival", 1))
    noisy = ControlData({**data.features, "a": data.features["a"] * 9}, data.observed, data.targets)
    assert np.array_equal(control.predict(data)["t"], control.predict(noisy)["t"])


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("clinical_only", {"modality": "c"}),
        ("pca_ridge_cox", {"modalities": ["a", "c"]}),
        ("given_score", {"modality": "c"}),
    ],
)
def test_a_modality_the_run_lacks_is_named(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(UnknownNameError, match="unknown modality 'c'"):
        _build(name, MODELS.config(name).kinds[-1], **settings)


def test_given_score_is_the_fact_itself_or_the_training_prevalence() -> None:
    train, data = make_data("binary", 0), make_data("binary", 2)
    data.features["b"][:] = np.linspace(0, 1, len(data.observed))[:, None]
    data.features["b"][:3, 1] = np.nan
    control = _build("given_score", "binary", modality="b", fact=1, link="probability")
    control.fit(train, make_data("binary", 1))
    scores = control.predict(data)["t"]
    assert np.array_equal(scores[3:], np.linspace(0, 1, len(data.observed))[3:])
    assert np.array_equal(scores[:3], np.full(3, train.targets["t"].mean()))
    control = _build("given_score", "binary", modality="b", fact=1, link="logit")
    control.fit(train, make_data("binary", 1))
    scores = control.predict(data)["t"][3:]
    assert np.allclose(np.log(scores / (1 - scores)), np.linspace(0, 1, len(data.observed))[3:])


def test_given_score_refuses_what_is_no_probability_or_not_there() -> None:
    train = make_data("binary", 0)
    control = _build("given_score", "binary", modality="b", link="probability")
    control.fit(train, train)
    with pytest.raises(DataError, match=r"modality 'b' is no probability: row \d+ holds"):
        control.predict(train)
    with pytest.raises(DataError, match="modality 'b' has 3 facts"):
        _build("given_score", "binary", modality="b", fact=3).fit(train, train)


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
    control.fit(make_data("binary", 0), make_data("binary", 1))
    assert control.info["modality"] == {"t": "b"}
    assert control.info["metric"] == {"t": "auroc_binary"}
    values = control.info["validation"]["t"]
    assert values["b"] > values["a"] + 0.2
    data = make_data("binary", 2)
    noisy = ControlData({**data.features, "a": data.features["a"] * 9}, data.observed, data.targets)
    assert np.array_equal(control.predict(data)["t"], control.predict(noisy)["t"])


def test_best_single_chooses_on_validation_not_on_training() -> None:
    train, val = make_data("binary", 0), make_data("binary", 1)
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
        control.fit(make_data("multiclass", 0), make_data("multiclass", 1))


def test_best_single_says_why_the_metric_is_undefined() -> None:
    val = make_data("binary", 1)
    val.targets["t"][:] = 1.0
    control = _build("best_single", "binary")
    with pytest.raises(DataError, match="auroc_binary of task 't' is undefined on the validation"):
        control.fit(make_data("binary", 0), val)
