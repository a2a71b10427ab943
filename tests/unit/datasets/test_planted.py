from __future__ import annotations

import hashlib
from itertools import product
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from benchmark.core.errors import DataNotAvailable
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.datasets.planted import Planted, PlantedConfig
from benchmark.datasets.synthetic.planted import bayes_accuracy, generate


def _load(paths: Paths, **options: Any) -> Planted:
    return Planted(PlantedConfig.parse(options), DataContext(paths))


def _read_factor(column: np.ndarray, classes: int) -> np.ndarray:
    """Undo the encoding: the nearest of the evenly spaced centres."""
    return np.rint(column / 2 + (classes - 1) / 2).astype(int)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_factors_can_be_read_off_without_error(paths: Paths, classes: int) -> None:
    dataset = _load(paths, n=400, classes=classes, modalities=3)
    for m, name in enumerate("abc"):
        values = dataset.values[name]
        assert np.array_equal(_read_factor(values[:, 0], classes), dataset.truth.unique[:, m])
        assert np.array_equal(_read_factor(values[:, 1], classes), dataset.truth.shared)


@pytest.mark.parametrize("classes", [2, 4])
def test_xor_is_known_to_the_pair_and_to_nobody_alone(paths: Paths, classes: int) -> None:
    dataset = _load(paths, n=6000, classes=classes, modalities=3)
    unique, label = dataset.truth.unique, dataset.truth.label
    assert np.array_equal(label, (unique[:, 0] + unique[:, 1]) % classes)
    for m, value in product(range(3), range(classes)):
        shares = np.bincount(label[unique[:, m] == value], minlength=classes)
        assert shares / shares.sum() == pytest.approx([1 / classes] * classes, abs=0.05)
    plan = PlantedConfig(classes=classes, modalities=3).plan()
    for alone in "abc":
        assert bayes_accuracy(plan, [alone]) == pytest.approx(1 / classes)
    assert bayes_accuracy(plan, ["a", "c"]) == pytest.approx(1 / classes)
    assert bayes_accuracy(plan, ["a", "b"]) == bayes_accuracy(plan) == 1.0


def test_unique_is_known_to_its_modality_only(paths: Paths) -> None:
    dataset = _load(paths, mechanisms={"unique:b": 1.0}, n=300)
    assert np.array_equal(dataset.truth.label, dataset.truth.unique[:, 1])
    plan = PlantedConfig(mechanisms={"unique:b": 1.0}).plan()
    assert bayes_accuracy(plan, ["b"]) == 1.0
    assert bayes_accuracy(plan, ["a"]) == 0.5


def test_shared_is_known_to_every_modality(paths: Paths) -> None:
    dataset = _load(paths, mechanisms={"shared": 1.0}, n=300)
    assert np.array_equal(dataset.truth.label, dataset.truth.shared)
    plan = PlantedConfig(mechanisms={"shared": 1.0}).plan()
    assert bayes_accuracy(plan, ["a"]) == bayes_accuracy(plan, ["b"]) == 1.0
    assert bayes_accuracy(plan, []) == 0.5


def test_bayes_accuracy_of_mixtures_by_hand() -> None:
    # unique:a and shared agree half the time (right for sure), else a coin: 1/2 + 1/4
    plan = PlantedConfig(mechanisms={"unique:a": 0.5, "shared": 0.5}).plan()
    assert bayes_accuracy(plan) == pytest.approx(0.75)
    # b alone knows s: right where shared decides, a coin elsewhere
    assert bayes_accuracy(plan, ["b"]) == pytest.approx(0.75)
    lopsided = PlantedConfig(mechanisms={"unique:a": 0.8, "shared": 0.2}, noise=0.1).plan()
    assert bayes_accuracy(lopsided) == pytest.approx(0.9 * 0.9 + 0.1 * 0.1)
    noisy = PlantedConfig(classes=3, noise=0.3).plan()
    assert bayes_accuracy(noisy) == pytest.approx(0.7)
    assert bayes_accuracy(noisy, ["a"]) == pytest.approx(1 / 3)


def test_the_best_rule_reaches_the_stated_accuracy_in_a_sample(paths: Paths) -> None:
    options = {"mechanisms": {"xor": 0.7, "unique:a": 0.3}, "noise": 0.1}
    dataset = _load(paths, n=20_000, **options)
    truth = dataset.truth
    guess = (truth.unique[:, 0] + truth.unique[:, 1]) % 2  # the heavier mechanism
    expected = bayes_accuracy(dataset.config.plan())  # type: ignore[attr-defined]
    assert np.mean(guess == truth.label) == pytest.approx(expected, abs=0.01)
    assert np.mean(truth.mechanism == 0) == pytest.approx(0.7, abs=0.01)


def test_noise_replaces_the_stated_share_by_every_other_class(paths: Paths) -> None:
    truth = _load(paths, n=20_000, classes=4, noise=0.3).truth
    shift = (truth.label - truth.clean) % 4
    assert np.bincount(shift) / len(shift) == pytest.approx([0.7, 0.1, 0.1, 0.1], abs=0.01)


def test_missing_unlabelled_and_groups(paths: Paths) -> None:
    dataset = _load(
        paths, n=3000, missing={"b": 0.3}, unlabelled=0.25, samples_per_group=3, modalities=3
    )
    observed = dataset.observed(np.arange(3000))
    assert observed.mean(axis=0) == pytest.approx([1.0, 0.7, 1.0], abs=0.03)
    assert dataset.samples["target:label"].isna().mean() == pytest.approx(0.25, abs=0.03)
    assert dataset.samples.groupby("group_id").size().eq(3).all()


def test_every_sample_keeps_a_modality(paths: Paths) -> None:
    dataset = _load(paths, n=500, missing={"a": 0.9, "b": 0.9})
    assert dataset.observed(np.arange(500)).any(axis=1).all()


def test_fingerprint_follows_options(paths: Paths) -> None:
    context = DataContext(paths)
    one, two = (Planted.probe(PlantedConfig(seed=s), context).fingerprint for s in (0, 1))
    assert one != two
    assert not np.array_equal(
        generate(PlantedConfig(seed=0).plan()).label, generate(PlantedConfig(seed=1).plan()).label
    )


def test_golden_values() -> None:
    """If this changes on purpose, raise GENERATOR_VERSION: old results are of other data."""
    config = PlantedConfig(n=50, modalities=3, classes=3, noise=0.2, mechanisms={"xor": 1.0})
    made = generate(config.plan())
    digest = hashlib.sha256(made.label.astype("<i8").tobytes())
    for values in made.values.values():
        digest.update(np.rint(values * 1e6).astype("<i8").tobytes())
    assert digest.hexdigest()[:16] == "b5839d982a9d7e75"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"mechanisms": {"xor": 0.5}}, "must be 0 or more and sum to 1"),
        ({"mechanisms": {}}, "must be 0 or more and sum to 1"),
        ({"mechanisms": {"xor": 1.5, "shared": -0.5}}, "must be 0 or more and sum to 1"),
        ({"mechanisms": {"unique:c": 1.0}}, "unknown mechanism 'unique:c'; known: shared, uniq"),
        ({"noise": 0.5}, "noise must be below 0.5"),
        ({"missing": {"c": 0.1}}, r"missing must map a, b to a rate in \[0, 1\)"),
        ({"missing": {"a": 1.0}}, r"missing must map a, b to a rate in \[0, 1\)"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        PlantedConfig.parse(options)


def test_only_synthetic(paths: Paths) -> None:
    with pytest.raises(DataNotAvailable, match=r"(?s)planted has no real form.*--source synthetic"):
        Planted(PlantedConfig(), DataContext(paths, source="real"))
