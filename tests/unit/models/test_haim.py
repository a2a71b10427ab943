"""HAIM: statistics against plain loops, the search against scikit-learn's, planted signal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from xgboost import XGBClassifier

from benchmark.core.batch import ModalityData
from benchmark.core.measured import Measured
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.result import Release
from benchmark.datasets._base import Dataset
from benchmark.datasets.icu.ragged import Ragged
from benchmark.datasets.icu.stays import StayData, StayDataset
from benchmark.models.controls._base import ControlData
from benchmark.models.haim.config import HAIMConfig
from benchmark.models.haim.model import HAIM
from benchmark.models.haim.statistics import STATISTICS, series_statistics

NAN = math.nan
SMALL: dict[str, Any] = {"depths": (2,), "trees": (30,), "learning_rates": (0.3,)}


def by_hand(values: list[float]) -> list[float]:
    """The eleven numbers of one channel, by their definitions."""
    n = len(values)
    if not n:
        return [NAN] * 11
    mean = sum(values) / n
    steps = [b - a for a, b in pairwise(values)]
    variance = sum((v - mean) ** 2 for v in values) / (n - 1) if n > 1 else NAN
    middle = (n - 1) / 2
    spread = sum((i - middle) ** 2 for i in range(n))
    slope = sum((i - middle) * v for i, v in enumerate(values)) / spread if n > 1 else 0.0
    sizes = [abs(step) for step in steps]
    each = len(steps) or NAN
    return [
        max(values), min(values), mean, variance, sum(steps) / each, sum(sizes) / each,
        max(sizes) if sizes else NAN, sum(sizes), values[-1] - values[0], peaks(values), slope,
    ]  # fmt: skip


def peaks(values: list[float]) -> float:
    """Count runs of equal values with lower ones on both sides."""
    runs = [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]
    return float(sum(a < b > c for a, b, c in zip(runs, runs[1:], runs[2:], strict=False)))


def random_series(seed: int, n: int = 9, channels: int = 3) -> list[list[list[float]]]:
    """Whole numbers, so that equal neighbours occur; some channels have one value or none."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 9, (n, channels))
    lengths[0] = [0, 1, 2]
    return [[rng.integers(-2, 3, k).astype(float).tolist() for k in row] for row in lengths]


def measured(series: list[list[list[float]]], seed: int = 0) -> Measured:
    """Channels mixed within each series, in time."""
    rng = np.random.default_rng(seed)
    found: list[tuple[int, int, float]] = []
    for owner, channels in enumerate(series):
        order = rng.permutation([c for c, values in enumerate(channels) for _ in values])
        left: list[Iterator[float]] = [iter(values) for values in channels]
        found += [(owner, int(channel), next(left[channel])) for channel in order]
    owner, channel, value = (np.array(column) for column in zip(*found, strict=True))
    return Measured(len(series), len(series[0]), owner, channel, value)


@pytest.mark.parametrize("closing_zero", [False, True])
def test_statistics_against_a_loop(closing_zero: bool) -> None:
    series = random_series(0)
    end = [0.0] if closing_zero else []
    expected = np.array([[by_hand(one + end) for one in row] for row in series])
    found = series_statistics(measured(series), closing_zero)
    assert found.shape == (9, 11 * 3)
    shaped = expected.transpose(0, 2, 1).reshape(9, -1)
    np.testing.assert_allclose(found, shaped, rtol=0, atol=1e-10)


def test_statistics_of_nothing_are_undefined() -> None:
    nothing = np.array([], dtype=np.int64)
    empty = Measured(2, 1, nothing, nothing, np.array([]))
    assert np.isnan(series_statistics(empty)).all()
    assert series_statistics(empty, closing_zero=True)[:, 0].tolist() == [0.0, 0.0]


class Held(StayDataset):
    """Stays without a release, and tensors that are given."""

    given: dict[str, ModalityData]

    @classmethod
    def probe(cls, *_: Any) -> Release:
        raise NotImplementedError

    @classmethod
    def describe(cls, *_: Any) -> Component:
        raise NotImplementedError

    def tensors_of(self, *_: Any) -> dict[str, ModalityData]:
        return self.given


def test_stays_give_what_was_recorded_and_tensors_what_their_mask_says() -> None:
    rows = np.array([1, 0])
    events = [(0, 5, 1, 2.0), (0, 90, 1, 7.0), (0, 90, 0, 3.0), (1, 20, 0, 4.0)]
    stay, minutes, kind, value = (np.array(column) for column in zip(*events, strict=True))
    series = Ragged.build(2, stay, minutes.astype(float), kind, value)
    dataset = Held.__new__(Held)
    dataset.data = StayData(series={"series": (series, ("a", "b"))})
    recorded = dataset.measured(rows, {}, "series")
    assert recorded.owner.tolist() == [0, 1, 1, 1]
    assert recorded.channel.tolist() == [0, 1, 0, 1]
    assert recorded.value.tolist() == [4.0, 2.0, 3.0, 7.0]
    assert recorded.only(np.array([True, False])).value.tolist() == [4.0]

    values = torch.arange(12.0).reshape(2, 3, 2)
    mask = torch.tensor([[[1, 0], [1, 1], [1, 1]], [[0, 1], [1, 1], [1, 1]]], dtype=torch.bool)
    data = ModalityData(values, mask=mask, lengths=torch.tensor([2, 1]))

    dataset.given = {"series": data}
    held = Dataset.measured(dataset, rows, {}, "series")
    assert held.value.tolist() == [0.0, 2.0, 3.0, 7.0]
    assert held.owner.tolist() == [0, 0, 0, 1]
    assert held.channel.tolist() == [0, 0, 1, 1]


COMPONENT = Component(
    dataset="toy",
    modalities=(
        Modality(name="series", kind="sequence", shape=(24, 2)),
        Modality(name="note", kind="text", shape=(4,)),
    ),
    tasks=(Task(name="dead", kind="binary", classes=("no", "yes")),),
)


def make_data(seed: int, n: int = 160) -> ControlData:
    """Who dies goes down where others go up, with the same values in another order."""
    rng = np.random.default_rng(seed)
    dead = rng.integers(0, 2, n)
    values = np.sort(rng.standard_normal((n, 6)), axis=1)
    values[dead == 1] = values[dead == 1, ::-1]
    owner = np.repeat(np.arange(n), 6)
    observed = np.ones((n, 2), dtype=bool)
    observed[:, 1] = rng.random(n) < 0.7
    note = np.where(observed[:, 1:], rng.standard_normal((n, 4)), NAN)
    series = Measured(n, 2, owner, np.zeros(6 * n, dtype=np.int64), values.ravel())
    flat = np.stack([values.mean(1), values.min(1), values.max(1)], axis=1)
    return ControlData(
        {"series": flat, "note": note}, observed, {"dead": dead.astype(float)}, {"series": series}
    )


def fitted(**settings: Any) -> HAIM:
    model = HAIM(COMPONENT, HAIMConfig(**{**SMALL, **settings}), 3)
    model.fit(make_data(0), make_data(1))
    return model


def test_finds_a_course_that_summaries_do_not_show() -> None:
    test = make_data(2)
    blind = ControlData(test.features, test.observed, test.targets)
    model = fitted()
    assert roc_auc_score(test.targets["dead"], model.predict(test)["dead"]) > 0.99
    summaries = HAIM(COMPONENT, HAIMConfig(**SMALL), 3)
    train, val = (
        ControlData(one.features, one.observed, one.targets) for one in (make_data(0), make_data(1))
    )
    summaries.fit(train, val)
    assert roc_auc_score(test.targets["dead"], summaries.predict(blind)["dead"]) < 0.65


def test_what_is_missing_is_zero_or_nan() -> None:
    data = make_data(0)
    data.observed[3, 0] = False
    width = 2 * len(STATISTICS)
    zeros, nans = (fitted(missing=how).vectors(data) for how in ("zero", "nan"))
    lost = ~data.observed[:, 1]
    assert not zeros[3, :width].any()
    assert not zeros[lost, width:].any()
    assert np.isnan(nans[3, :width]).all()
    assert np.isnan(nans[lost, width:]).all()
    # Channel 1 has no measurement at all.
    assert np.isnan(nans[:, 1:width:2]).all()


@pytest.mark.parametrize("search", ["cv", "validation"])
def test_search_keeps_the_highest_auroc(search: str) -> None:
    rng = np.random.default_rng(5)

    def draw(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x = rng.standard_normal((n, 4))
        return x, (x[:, 0] * x[:, 1] + rng.standard_normal(n) > 0.8).astype(float)

    (x, y), (x_val, y_val) = draw(90), draw(90)
    component = COMPONENT.model_copy(update={"modalities": COMPONENT.modalities[1:]})
    seen = np.ones((90, 1), dtype=bool)
    settings = {"depths": (1, 2, 4), "trees": (5, 20), "learning_rates": (0.3, 0.1)}
    config = HAIMConfig(**settings, search=search, folds=3)  # type: ignore[arg-type]
    model = HAIM(component, config, 3)
    train = ControlData({"note": x}, seen, {"dead": y})
    model.fit(train, ControlData({"note": x_val}, seen, {"dead": y_val}))
    (chosen,) = model.info["chosen"]["dead"]

    seed = model.models["dead"].columns[0].estimator.seed % 2**31  # type: ignore[attr-defined]
    scores = {}
    for depth in settings["depths"]:
        for trees in settings["trees"]:
            for rate in settings["learning_rates"]:
                trial = XGBClassifier(
                    max_depth=depth, n_estimators=trees, learning_rate=rate, n_jobs=1,
                    scale_pos_weight=(y == 0).sum() / (y == 1).sum(), random_state=seed,
                )  # fmt: skip
                if search == "cv":
                    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
                    score = _cv(trial, x, y, folds)
                else:
                    score = roc_auc_score(y_val, trial.fit(x, y).predict_proba(x_val)[:, 1])
                scores[depth, trees, rate] = score
    best = max(scores, key=scores.__getitem__)
    assert (chosen["depth"], chosen["trees"], chosen["learning_rate"]) == best
    assert chosen["auroc"] == pytest.approx(scores[best], abs=1e-12)
    assert len(set(scores.values())) > 6


def _cv(trial: XGBClassifier, x: Any, y: Any, folds: StratifiedKFold) -> float:
    """Every fold's positives weighted by its own training rows."""
    scores = []
    for one, other in folds.split(x, y):
        weight = (y[one] == 0).sum() / (y[one] == 1).sum()
        trial.set_params(scale_pos_weight=weight)
        found = cross_val_score(trial, x, y, scoring="roc_auc", cv=[(one, other)])
        scores.append(found[0])
    return float(np.mean(scores))


def test_a_single_positive_takes_the_first_setting() -> None:
    train, val = make_data(0), make_data(1)
    train.targets["dead"][:] = 0.0
    train.targets["dead"][4] = 1.0
    model = HAIM(COMPONENT, HAIMConfig(**{**SMALL, "depths": (3, 2)}), 3)
    model.fit(train, val)
    assert model.info["chosen"]["dead"] == [
        {"depth": 3, "trees": 30, "learning_rate": 0.3, "auroc": None}
    ]
