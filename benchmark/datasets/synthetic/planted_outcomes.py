"""Values and survival times that follow a planted label.

The label of :mod:`benchmark.datasets.synthetic.planted`, centred to z = label - (C-1)/2, is the
only thing an outcome depends on, so whoever can tell the label knows all there is to know.

- *regression*: z plus normal noise of standard deviation ``spread``; the best mean absolute error
  is ``spread * sqrt(2 / pi)``.
- *survival*: the time of the event is exponential with hazard h exp(effect * z) per month, where
  1/h = 12 months; the time of censoring is exponential with hazard ``censoring * h``, independent
  of all else. A sample has the event if it comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.core.seeding import derive_seed

Values = NDArray[np.float64]

_MONTHS = 12.0


@dataclass(frozen=True)
class Outcome:
    """How outcomes follow labels.

    Attributes:
        effect: Log hazard ratio between neighbouring labels.
        censoring: Hazard of censoring over the baseline hazard of the event; 0 censors nobody.
        spread: Standard deviation of the noise on values.
    """

    effect: float
    censoring: float
    spread: float


def values_of(label: NDArray[np.int64], classes: int, outcome: Outcome, seed: int) -> Values:
    """Return the values of a regression, (N,)."""
    rng = np.random.default_rng(derive_seed(seed, "planted", "value"))
    return _centred(label, classes) + outcome.spread * rng.standard_normal(len(label))


def survival_of(label: NDArray[np.int64], classes: int, outcome: Outcome, seed: int) -> Values:
    """Return time in months, above 0, and event (1) or censored (0), (N, 2)."""
    rng = np.random.default_rng(derive_seed(seed, "planted", "survival"))
    died = _exponential(rng, len(label)) / np.exp(outcome.effect * _centred(label, classes))
    left = _exponential(rng, len(label)) / max(outcome.censoring, 1e-300)
    return np.stack([_MONTHS * np.minimum(died, left), died <= left], axis=1).astype(np.float64)


def best_c_index(classes: int, outcome: Outcome) -> float:
    """Return the c-index of the true hazards, in expectation over pairs of samples.

    Of a pair with hazards a and b, both censored at rate m, the first of the four things to happen
    is an event of the first with probability a / (a + b + 2m); a pair is comparable exactly if it
    is an event. All labels are equally likely, so the sums run over pairs of labels.
    """
    hazard = np.exp(outcome.effect * _centred(np.arange(classes), classes))
    first, second = hazard[:, None], hazard[None, :]
    comparable = 1 / (first + second + 2 * outcome.censoring)
    concordant = np.where(first == second, first, np.maximum(first, second)) * comparable
    return float(concordant.sum() / ((first + second) * comparable).sum())


def _centred(label: NDArray[np.int64], classes: int) -> Values:
    return label.astype(np.float64) - (classes - 1) / 2


def _exponential(rng: np.random.Generator, n: int) -> Values:
    # Never 0: a time of 0 months is not an observation.
    return np.maximum(rng.standard_exponential(n), 1e-9)
