"""Planted information: which factors a sample has, and which modality shows them.

Labels come first, with the class shares wanted. Every sample then follows one mechanism, drawn by
weight, and its factors are set so that the label can be told by that mechanism:

================= ==================================================================
``unique:<m>``    factor *own* of modality m is the label
``shared``        factor *shared*, which every modality shows, is the label
``synergy``       factors *part* of two modalities give the label together
================= ==================================================================

Factors that a sample's mechanism does not use are drawn anew with the same frequencies, so a
factor alone does not tell whether it is to be believed. Up to four classes the parts are a sum
modulo C (XOR for two): each alone tells nothing. For more classes, where a sum could not be learnt
from few samples, they are the row and the column of a grid of the classes: each alone leaves about
sqrt(C) of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import UsageError
from benchmark.core.seeding import derive_seed

Values = NDArray[np.float64]
Labels = NDArray[np.int64]
COLUMNS = ("own", "shared", "part")

_MODULAR = 4


@dataclass(frozen=True)
class Plan:
    """What to plant.

    Attributes:
        modalities: Names, in order.
        classes: C.
        mechanisms: Weight by mechanism; those without a weight are left out.
        pair: The two modalities of ``synergy``.
        seed: Of everything drawn.
    """

    modalities: tuple[str, ...]
    classes: int
    mechanisms: Mapping[str, float]
    pair: tuple[str, str]
    seed: int

    def rng(self, *what: str | int) -> np.random.Generator:
        """Return the generator of one part."""
        return np.random.default_rng(derive_seed(self.seed, "factors", *what))


@dataclass(frozen=True)
class Factors:
    """What samples have.

    Attributes:
        label: (N,) class.
        shown: (N, 3) by modality: own, shared and part; values below C.
        mechanism: (N,) name of what the label follows.
    """

    label: Labels
    shown: Mapping[str, Labels]
    mechanism: NDArray[np.str_]

    def write(self, path: Path, ids: Sequence[Any]) -> None:
        """Write a table of the truth, one row per sample."""
        table = pd.DataFrame({"id": ids, "label": self.label, "mechanism": self.mechanism})
        for name, values in self.shown.items():
            table[[f"{name}:{column}" for column in COLUMNS]] = values
        table.to_csv(path, index=False)


def plant(plan: Plan, label: Labels) -> Factors:
    """Draw mechanism and factors of samples with these labels; equal plans give equal factors."""
    n = len(label)
    names = sorted(plan.mechanisms)
    weights = np.array([plan.mechanisms[name] for name in names], dtype=np.float64)
    drawn = plan.rng("mechanism").choice(len(names), n, p=weights / weights.sum())
    mechanism = np.array(names)[drawn]
    shared = _decoys(plan, label, "shared")
    shared[mechanism == "shared"] = label[mechanism == "shared"]
    parts = _parts(plan, label, mechanism == "synergy")
    shown = {}
    for name in plan.modalities:
        own = _decoys(plan, label, "own", name)
        follows = mechanism == f"unique:{name}"
        own[follows] = label[follows]
        part = parts[plan.pair.index(name)] if name in plan.pair else _decoys(plan, label, name)
        shown[name] = np.stack([own, shared, part], axis=1)
    return Factors(label, shown, mechanism)


def enough(size: int, least: int, what: str) -> None:
    """Refuse a size at which some class could not be trained on and tested.

    Raises:
        UsageError: ``size`` is below ``least``.
    """
    if size < least:
        raise UsageError(f"a release of {size} {what} is too small", f"ask for at least {least}")


def class_labels(counts: Sequence[int], rng: np.random.Generator) -> Labels:
    """Return labels with exactly these counts, in random order."""
    return rng.permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int64)


def counts_of(n: int, shares: Sequence[float], least: int = 1) -> list[int]:
    """Return whole numbers that sum to ``n`` and follow shares, none below ``least``.

    The largest class pays for those that would be too small.
    """
    if n < least * len(shares):
        raise ValueError(f"{n} samples are too few for {len(shares)} classes")
    total = sum(shares)
    counts = [max(least, round(n * share / total)) for share in shares]
    while (surplus := sum(counts) - n) != 0:
        largest = counts.index(max(counts))
        counts[largest] -= min(surplus, counts[largest] - least) if surplus > 0 else surplus
    return counts


def embed(
    factors: Labels, classes: int, width: int, rng: np.random.Generator, signal: float = 0.5
) -> Values:
    """Return (N, width) normal features in which every value of every factor has a direction.

    Args:
        factors: (N, K).
        classes: Values a factor may have.
        width: Features.
        rng: Draws directions, then noise.
        signal: Length of a step in one feature, in standard deviations of the noise.
    """
    directions = rng.choice([-1.0, 0.0, 1.0], size=(factors.shape[1], classes, width))
    values: Values = rng.standard_normal((len(factors), width))
    for k in range(factors.shape[1]):
        values += signal * directions[k, factors[:, k]]
    return values


def _decoys(plan: Plan, label: Labels, *what: str) -> Labels:
    return plan.rng("decoy", *what).permutation(label)


def _parts(plan: Plan, label: Labels, follows: NDArray[np.bool_]) -> tuple[Labels, Labels]:
    """Return the two parts of every sample."""
    one, two = _code(plan, label)
    rng = plan.rng("parts")
    first, second = rng.permutation(one), rng.permutation(two)
    return np.where(follows, one, first), np.where(follows, two, second)


def _code(plan: Plan, label: Labels) -> tuple[Labels, Labels]:
    if plan.classes <= _MODULAR:
        one = plan.rng("code").integers(plan.classes, size=len(label))
        return one, (label - one) % plan.classes
    side = math.ceil(math.sqrt(plan.classes))
    return label // side, label % side
