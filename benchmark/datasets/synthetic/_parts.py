"""Official splits of made-up releases: every class in every part, as far as it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NAMES = {"train": "training", "val": "validation", "test": "testing"}


def draw_parts(
    label: NDArray[np.int64], shares: tuple[float, float, float], rng: np.random.Generator
) -> NDArray[np.str_]:
    """Return ``train``, ``val`` or ``test`` for every sample, each class by these shares.

    A class's samples are rounded in favour of training, then of the test part, so that a class of
    one sample is trained on.
    """
    parts = np.empty(len(label), dtype="<U5")
    for one in np.unique(label):
        rows = rng.permutation(np.flatnonzero(label == one))
        test = int(shares[2] * len(rows) + 0.5)
        val = int(shares[1] * len(rows) + 0.5)
        test, val = min(test, len(rows) - 1), min(val, max(0, len(rows) - 1 - test))
        parts[rows] = "train"
        parts[rows[:test]] = "test"
        parts[rows[test : test + val]] = "val"
    return parts


def part_lists(ids: Sequence[Any], parts: NDArray[np.str_]) -> dict[str, list[Any]]:
    """Return the lists of an official split file."""
    return {
        key: [one for one, part in zip(ids, parts, strict=True) if part == name]
        for name, key in _NAMES.items()
    }
