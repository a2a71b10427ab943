"""Dice coefficients of masks, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.core.problem import Task
from benchmark.metrics.dice import dice_macro, dice_nested, overlaps
from benchmark.metrics.evaluate import MetricValue, evaluate, metric_form

#: Background 0, disc 1, cup 2. The ring has 4 pixels, of which 2 are found; the cup 2, both found,
#: with one pixel of the ring besides.
TRUTH = np.array([[[0, 0, 1, 1], [1, 1, 2, 2]]])
FOUND = np.array([[[0, 0, 1, 1], [0, 2, 2, 2]]])
RING, CUP, DISC = 2 * 2 / (4 + 2), 2 * 2 / (2 + 3), 2 * 5 / (6 + 5)


def test_each_class_or_nested_regions() -> None:
    pair = overlaps(TRUTH, FOUND, 3)
    assert dice_macro(*pair) == pytest.approx((RING + CUP) / 2)
    assert dice_nested(*pair) == pytest.approx((DISC + CUP) / 2)


def test_samples_count_alike() -> None:
    """The second sample is four times as large in pixels of disc, yet counts as much."""
    second = np.array([[[1, 1, 1, 1], [1, 1, 1, 2]]])
    pair = overlaps(np.concatenate([TRUTH, second]), np.concatenate([FOUND, second]), 3)
    assert dice_macro(*pair) == pytest.approx(((RING + 1) / 2 + (CUP + 1) / 2) / 2)


def test_an_empty_region_that_is_predicted_empty_is_right() -> None:
    none = np.zeros((1, 2, 2), dtype=np.int64)
    assert dice_macro(*overlaps(none, none, 2)) == 1.0
    wrong = none.copy()
    wrong[0, 0, 0] = 1
    assert dice_macro(*overlaps(none, wrong, 2)) == 0.0


def test_counts_against_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    truth, found = rng.integers(-1, 4, (5, 6, 7)), rng.integers(0, 4, (5, 6, 7))
    counts, pairs = overlaps(truth, found, 4)
    for sample in range(5):
        for i in range(4):
            assert counts[sample, i] == np.sum(truth[sample] == i)
            for j in range(4):
                expected = np.sum((truth[sample] == i) & (found[sample] == j))
                assert pairs[sample, i * 4 + j] == expected


def test_unlabelled_pixels_and_samples_are_left_out() -> None:
    truth = np.stack([TRUTH[0], np.full((2, 4), -1)])
    found = np.concatenate([FOUND, FOUND])
    task = Task(name="seg", kind="segmentation", classes=("background", "disc", "cup"))
    value = evaluate("dice_macro", "segmentation", *metric_form(task, truth, found))
    assert value == MetricValue(pytest.approx((RING + CUP) / 2), "", 1, None)  # type: ignore[arg-type]
    partly = TRUTH.copy()
    partly[0, 1, 0:2] = -1  # the two pixels that were wrong
    assert dice_macro(*overlaps(partly, FOUND, 3)) == 1.0
    nothing = evaluate("dice_nested", "segmentation", *metric_form(task, truth[1:], found[1:]))
    assert nothing == MetricValue(None, "no labelled samples", 0, None)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"masks \(1, 2, 4\), predicted \(1, 4, 2\)"):
        overlaps(TRUTH, FOUND.reshape(1, 4, 2), 3)
    with pytest.raises(ValueError, match=r"masks must lie in 0\.\.1"):
        overlaps(TRUTH, FOUND, 2)
    with pytest.raises(ValueError, match="pixels of each class"):
        dice_macro([[1, 2, 3]], [[1, 2, 3]])
    with pytest.raises(ValueError, match="count different pixels"):
        dice_macro([[2, 1]], [[1, 0, 1, 1]])
