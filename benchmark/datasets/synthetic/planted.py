"""Vectors whose information about the label is planted: unique, shared or synergistic.

After the split of information in Williams and Beer, "Nonnegative decomposition of multivariate
information" (2010). Every sample has independent factors, uniform on 0..C-1: one *unique* factor
u_m per modality and one *shared* factor s. Feature 0 of modality m encodes u_m, feature 1 encodes
s, the others are standard normal noise; both factors can be read off their feature without error.
The label of a sample follows one mechanism, drawn with the configured weights:

============= ====================== ===================================================
mechanism     clean label            who knows it
============= ====================== ===================================================
``unique:m``  u_m                    modality m alone
``shared``    s                      every modality
``xor``       (u_0 + u_1) mod C      the first two together; each alone knows nothing
============= ====================== ===================================================

Then, with probability ``noise``, it is replaced by another class, each equally likely. Which
mechanism a sample follows is not in its features, so :func:`bayes_accuracy` is known exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmark.core.seeding import derive_seed

#: Raised whenever the same settings give other numbers.
GENERATOR_VERSION = 1

_GAP = 2.0
_JITTER = 0.8  # below half the gap: neighbouring factor values never overlap


@dataclass(frozen=True)
class Plan:
    """What to generate.

    Attributes:
        n: Samples.
        modalities: Names, at least two.
        width: Features per modality, at least two.
        classes: C.
        mechanisms: Weight by mechanism; they sum to 1.
        noise: Probability of a replaced label.
        seed: Seed of everything drawn.
    """

    n: int
    modalities: tuple[str, ...]
    width: int
    classes: int
    mechanisms: dict[str, float]
    noise: float
    seed: int


@dataclass(frozen=True)
class Planted:
    """What was generated.

    Attributes:
        values: (N, F) float64 by modality.
        label: (N,) int64, after noise.
        clean: (N,) int64, before noise.
        unique: (N, M) int64 factors u.
        shared: (N,) int64 factor s.
        mechanism: (N,) index into ``Plan.mechanisms``.
    """

    values: dict[str, NDArray[np.float64]]
    label: NDArray[np.int64]
    clean: NDArray[np.int64]
    unique: NDArray[np.int64]
    shared: NDArray[np.int64]
    mechanism: NDArray[np.int64]


def generate(plan: Plan) -> Planted:
    """Draw all samples; equal plans give equal arrays."""
    unique = _rng(plan, "unique").integers(plan.classes, size=(plan.n, len(plan.modalities)))
    shared = _rng(plan, "shared").integers(plan.classes, size=plan.n)
    weights = np.array(list(plan.mechanisms.values()))
    mechanism = _rng(plan, "mechanism").choice(len(weights), size=plan.n, p=weights / weights.sum())
    by_mechanism = np.stack([_clean(plan, name, unique, shared) for name in plan.mechanisms])
    clean = by_mechanism[mechanism, np.arange(plan.n)]
    return Planted(
        values={
            name: _features(plan, name, unique[:, m], shared)
            for m, name in enumerate(plan.modalities)
        },
        label=_flip(plan, clean),
        clean=clean,
        unique=unique,
        shared=shared,
        mechanism=mechanism,
    )


def bayes_accuracy(plan: Plan, known: Sequence[str] | None = None) -> float:
    """Return the best accuracy any method can reach that sees some modalities completely.

    The expectation over the known factors of the probability of the likeliest class, by
    enumerating all factor values, as they are uniform and independent.

    Args:
        plan: What is generated.
        known: Modalities seen; None for all. With none seen this is 1/C.
    """
    seen = [name in (plan.modalities if known is None else known) for name in plan.modalities]
    visible = [*seen, any(seen)]  # the shared factor comes last
    counts: dict[tuple[int, ...], NDArray[np.float64]] = {}
    for factors in product(range(plan.classes), repeat=len(visible)):
        key = tuple(value for value, shown in zip(factors, visible, strict=True) if shown)
        chances = counts.setdefault(key, np.zeros(plan.classes))
        unique, shared = np.array([factors[:-1]]), np.array(factors[-1:])
        for name, weight in plan.mechanisms.items():
            chances[_clean(plan, name, unique, shared)[0]] += weight
    clean = sum(chances.max() / chances.sum() for chances in counts.values()) / len(counts)
    return float((1 - plan.noise) * clean + plan.noise * (1 - clean) / (plan.classes - 1))


def _clean(
    plan: Plan, mechanism: str, unique: NDArray[np.int64], shared: NDArray[np.int64]
) -> NDArray[np.int64]:
    if mechanism == "shared":
        return shared
    if mechanism == "xor":
        return (unique[:, 0] + unique[:, 1]) % plan.classes
    name = mechanism.removeprefix("unique:")
    return unique[:, plan.modalities.index(name)]


def _features(
    plan: Plan, modality: str, unique: NDArray[np.int64], shared: NDArray[np.int64]
) -> NDArray[np.float64]:
    rng = _rng(plan, "features", modality)
    values = rng.standard_normal((plan.n, plan.width))
    for column, factor in enumerate((unique, shared)):
        centred = factor - (plan.classes - 1) / 2
        values[:, column] = _GAP * centred + rng.uniform(-_JITTER, _JITTER, plan.n)
    return values


def _flip(plan: Plan, clean: NDArray[np.int64]) -> NDArray[np.int64]:
    rng = _rng(plan, "noise")
    flipped = rng.random(plan.n) < plan.noise
    shift = rng.integers(1, plan.classes, size=plan.n)
    return np.where(flipped, (clean + shift) % plan.classes, clean)


def _rng(plan: Plan, *names: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(plan.seed, "planted", *names))
