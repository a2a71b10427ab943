"""What is planted can be told as said, and no other way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from annotated_types import Ge

from benchmark.core.errors import UsageError
from benchmark.datasets import DATASETS
from benchmark.datasets.synthetic import load_generator
from benchmark.datasets.synthetic._factors import (
    Factors,
    Plan,
    class_labels,
    counts_of,
    embed,
    plant,
)
from benchmark.datasets.synthetic._parts import draw_parts, part_lists

N = 4000


def _plant(classes: int, mechanisms: dict[str, float]) -> Factors:
    plan = Plan(("a", "b", "c"), classes, mechanisms, ("a", "c"), seed=1)
    return plant(plan, class_labels(counts_of(N, range(1, classes + 1)), plan.rng("labels")))


def _told(one: np.ndarray, label: np.ndarray, other: np.ndarray | None = None) -> float:
    """Accuracy of the commonest label for each value (pair of values) of factors."""
    key = one if other is None else one * 100 + other
    counts = pd.crosstab(key, label).to_numpy()
    return float(counts.max(axis=1).sum() / counts.sum())


def _prior(factors: Factors) -> float:
    return float(np.bincount(factors.label).max() / N)


@pytest.mark.parametrize("classes", [2, 3])
def test_synergy_is_in_no_single_factor(classes: int) -> None:
    factors = _plant(classes, {"synergy": 1.0})
    a, b, c = (factors.shown[name] for name in "abc")
    assert _told(a[:, 2], factors.label, c[:, 2]) == 1.0
    for values in (a, b, c):
        for column in values.T:
            assert _told(column, factors.label) < _prior(factors) + 0.03


def test_synergy_of_many_classes_is_a_grid() -> None:
    factors = _plant(20, {"synergy": 1.0})
    a, c = factors.shown["a"][:, 2], factors.shown["c"][:, 2]
    assert _told(a, factors.label, c) == 1.0
    assert _told(a, factors.label) < 0.45
    assert _told(c, factors.label) < 0.45


def test_unique_information_is_in_one_modality() -> None:
    factors = _plant(3, {"unique:b": 1.0})
    assert (factors.shown["b"][:, 0] == factors.label).all()
    for name in "ac":
        for column in factors.shown[name].T:
            assert _told(column, factors.label) < _prior(factors) + 0.03


def test_shared_information_is_the_same_everywhere() -> None:
    factors = _plant(3, {"shared": 1.0})
    for name in "abc":
        assert (factors.shown[name][:, 1] == factors.label).all()


def test_samples_follow_mechanisms_by_weight() -> None:
    factors = _plant(3, {"shared": 0.5, "unique:a": 0.3, "synergy": 0.2})
    names, counts = np.unique(factors.mechanism, return_counts=True)
    assert names.tolist() == ["shared", "synergy", "unique:a"]
    assert counts / N == pytest.approx([0.5, 0.2, 0.3], abs=0.03)
    decoys = factors.mechanism != "unique:a"
    share = (factors.shown["a"][:, 0] == factors.label)[decoys].mean()
    assert share == pytest.approx(14 / 36, abs=0.03)  # chance, given the class shares


def test_same_seed_same_factors(tmp_path: Path) -> None:
    first, second = (_plant(3, {"shared": 0.5, "synergy": 0.5}) for _ in range(2))
    for k, factors in enumerate((first, second)):
        factors.write(tmp_path / f"{k}.csv", range(N))
    assert (tmp_path / "0.csv").read_bytes() == (tmp_path / "1.csv").read_bytes()
    table = pd.read_csv(tmp_path / "0.csv")
    assert list(table)[:4] == ["id", "label", "mechanism", "a:own"]


def test_counts_follow_shares() -> None:
    assert counts_of(100, (1, 2, 1)) == [25, 50, 25]
    assert counts_of(100, (1000, 1), least=4) == [96, 4]
    assert counts_of(3, (5, 1, 1)) == [1, 1, 1]
    assert sum(counts_of(101, (1, 1, 1))) == 101
    with pytest.raises(ValueError, match="2 samples are too few for 3 classes"):
        counts_of(2, (1, 1, 1))


def test_embedded_factors_can_be_read_off() -> None:
    rng = np.random.default_rng(0)
    factors = rng.integers(3, size=(300, 2))
    values = embed(factors, 3, 400, rng)
    means = np.stack([values[:200][factors[:200, 0] == k].mean(axis=0) for k in range(3)])
    distance = ((values[200:, None] - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == factors[200:, 0]).mean() > 0.95


def test_parts_hold_every_class() -> None:
    label = np.repeat([0, 1, 2, 3], [60, 20, 3, 1])
    parts = draw_parts(label, (0.7, 0.15, 0.15), np.random.default_rng(0))
    counts = pd.crosstab(label, parts)[["train", "val", "test"]].to_numpy().tolist()
    assert counts == [[42, 9, 9], [14, 3, 3], [3, 0, 0], [1, 0, 0]]
    lists = part_lists(list("abcd"), np.array(["test", "train", "val", "train"]))
    assert lists == {"training": ["b", "d"], "validation": ["c"], "testing": ["a"]}


@pytest.mark.parametrize("name", ["adni", "enrico", "mimic_mortality", "mmimdb", "mosi"])
def test_sizes_that_a_config_refuses_a_generator_refuses_too(name: str, tmp_path: Path) -> None:
    field = DATASETS.config(name).model_fields["synthetic_size"]
    least = next(one.ge for one in field.metadata if isinstance(one, Ge))
    with pytest.raises(UsageError, match=f"too small\nask for at least {least}"):
        load_generator(name).write_release(tmp_path, tmp_path, least - 1, 0)
