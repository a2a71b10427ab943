"""Overlap of predicted and true masks, from how many pixels of each class became which class."""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.metrics._base import Undefined

Counts = NDArray[np.float64]


def overlaps(truth: NDArray[Any], predicted: NDArray[Any], classes: int) -> tuple[Counts, Counts]:
    """Count pixels by true and predicted class: all that overlap metrics need of masks.

    Args:
        truth: (N, H, W) class of each pixel; -1 is unlabelled and not counted.
        predicted: (N, H, W) predicted class of each pixel.
        classes: C.

    Returns:
        (N, C) pixels of each true class, NaN for samples without a labelled pixel; and (N, C * C)
        pixels of true class i predicted as class j, at column i * C + j.

    Raises:
        ValueError: Shapes that do not fit, or classes outside 0 .. C-1.
    """
    if truth.shape != predicted.shape or truth.ndim != 3:
        raise ValueError(f"shapes do not fit: masks {truth.shape}, predicted {predicted.shape}")
    samples = len(truth)
    true, found = (one.reshape(samples, -1).astype(np.int64) for one in (truth, predicted))
    if samples and (true.max() >= classes or found.min() < 0 or found.max() >= classes):
        raise ValueError(f"masks must lie in 0..{classes - 1}")
    rows, columns = np.nonzero(true >= 0)
    cells = (rows * classes + true[rows, columns]) * classes + found[rows, columns]
    pairs = np.bincount(cells, minlength=samples * classes**2).reshape(samples, classes, classes)
    counts = pairs.sum(axis=2).astype(np.float64)
    counts[counts.sum(axis=1) == 0] = np.nan
    return counts, pairs.reshape(samples, -1).astype(np.float64)


def dice_macro(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Mean Dice coefficient of the classes but the first, each class a region of its own.

    Definition: Dice of class c in a sample is 2 |T_c and P_c| / (|T_c| + |P_c|), T_c the pixels of
        class c and P_c those predicted as c; mean over the samples, then over c = 1 .. C-1. Class
        0 is the background.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: play no part.
    One class: a region that is empty in truth and prediction has Dice 1.

    Args:
        y_true: (N, C) pixels of each true class.
        y_score: (N, C * C) pixels of true class i predicted as j, at column i * C + j.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: Arrays that do not fit.
    """
    return _mean_dice(y_true, y_score, lambda classes, region: classes == region)


def dice_nested(y_true: ArrayLike, y_score: ArrayLike) -> float:
    """Mean Dice coefficient of nested regions: region c holds class c and all later classes.

    For classes background, optic disc, optic cup: the mean of the Dice of the whole disc, cup
    included, and of the cup.

    Definition: as ``dice_macro``, with T_c and P_c the pixels of class c or higher.
    Direction: higher is better.
    Bounds: 0 to 1.
    Ties: play no part.
    One class: a region that is empty in truth and prediction has Dice 1.

    Args:
        y_true: (N, C) pixels of each true class.
        y_score: (N, C * C) pixels of true class i predicted as j, at column i * C + j.

    Raises:
        Undefined: ``no labelled samples``.
        ValueError: Arrays that do not fit.
    """
    return _mean_dice(y_true, y_score, lambda classes, region: classes >= region)


def _mean_dice(
    y_true: ArrayLike,
    y_score: ArrayLike,
    members: Callable[[NDArray[np.int64], int], NDArray[np.bool_]],
) -> float:
    pairs = _check(y_true, y_score)
    numbers = np.arange(pairs.shape[1])
    regions = [members(numbers, region) for region in numbers[1:]]
    return float(np.mean([_dice(pairs, region).mean() for region in regions]))


def _dice(pairs: Counts, region: NDArray[np.bool_]) -> Counts:
    """Return the Dice coefficient of a set of classes in each sample, (N,)."""
    both = pairs[:, region][:, :, region].sum(axis=(1, 2))
    sizes = pairs[:, region].sum(axis=(1, 2)) + pairs[:, :, region].sum(axis=(1, 2))
    return np.asarray(np.where(sizes > 0, 2 * both / np.maximum(sizes, 1), 1.0))


def _check(y_true: ArrayLike, y_score: ArrayLike) -> Counts:
    """Return (N, C, C) pixels by true and predicted class."""
    truth, score = (np.asarray(one, dtype=np.float64) for one in (y_true, y_score))
    classes = isqrt(score.shape[1]) if score.ndim == 2 else 0
    if truth.shape != (len(score), classes) or score.shape[1:] != (classes**2,) or classes < 2:
        raise ValueError(
            f"shapes do not fit: y_true {truth.shape} and y_score {score.shape}; a segmentation "
            "task has (N, C) pixels of each class and (N, C * C) by true and predicted class"
        )
    if len(score) == 0:
        raise Undefined("no labelled samples")
    pairs = score.reshape(-1, classes, classes)
    if not np.isfinite(score).all() or (score < 0).any():
        raise ValueError("y_score holds numbers of pixels that are negative or not finite")
    if not np.array_equal(pairs.sum(axis=2), truth):
        raise ValueError("y_true and y_score count different pixels")
    return pairs
