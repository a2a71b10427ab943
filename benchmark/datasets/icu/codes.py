"""Coded events: what was diagnosed, given or ordered, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.icu.ragged import Index, Ragged

#: Code 0 fills sequences up, code 1 stands for whatever the training stays do not have.
PADDING, UNKNOWN, FIRST = 0, 1, 2


@dataclass(frozen=True)
class Vocabulary:
    """Codes that enough training stays have.

    Attributes:
        tokens: (K,) token of every code of the release; ``UNKNOWN`` for those left out.
        size: Tokens there are, with padding and unknown.
    """

    tokens: NDArray[np.int64]
    size: int

    @classmethod
    def fit(cls, events: Ragged, rows: Index, codes: int, least: int, most: int) -> Vocabulary:
        """Choose codes by the number of training stays that have them.

        Args:
            events: Codes of all stays.
            rows: Training stays.
            codes: K, number of codes of the release.
            least: Stays a code must be in.
            most: Codes kept at most; the more frequent, of equals the first.
        """
        owners, chosen = events.select(rows)
        pairs = np.unique(np.stack([owners, events.kinds[chosen].astype(np.int64)]), axis=1)
        stays = np.bincount(pairs[1], minlength=codes)
        enough = np.flatnonzero(stays >= least)
        kept = np.sort(enough[np.argsort(-stays[enough], kind="stable")[:most]])
        tokens = np.full(codes, UNKNOWN)
        tokens[kept] = FIRST + np.arange(len(kept))
        return cls(tokens, FIRST + len(kept))


@dataclass(frozen=True)
class Sequences:
    """Token sequences of some stays.

    Attributes:
        tokens: (R, steps) int64; ``PADDING`` behind the last.
        hours: (R, steps) since the start of the window.
        lengths: (R,).
    """

    tokens: NDArray[np.int64]
    hours: NDArray[np.float64]
    lengths: Index


def sequences(events: Ragged, rows: Index, vocabulary: Vocabulary, steps: int) -> Sequences:
    """Return the last ``steps`` events of each stay as tokens."""
    owners, chosen = events.select(rows)
    counts = events.counts[rows]
    first = np.cumsum(counts) - counts + np.maximum(counts - steps, 0)
    at = np.arange(len(chosen)) - first[owners]
    kept = at >= 0
    owners, at, chosen = owners[kept], at[kept], chosen[kept]
    tokens = np.full((len(rows), steps), PADDING)
    hours = np.zeros((len(rows), steps))
    tokens[owners, at] = vocabulary.tokens[events.kinds[chosen]]
    hours[owners, at] = events.minutes[chosen] / 60
    return Sequences(tokens, hours, np.minimum(counts, steps))


def bag(events: Ragged, rows: Index, vocabulary: Vocabulary, width: int) -> NDArray[np.float64]:
    """Return which codes each stay has, (R, width) of 0 and 1; columns behind the last are 0."""
    owners, chosen = events.select(rows)
    tokens = vocabulary.tokens[events.kinds[chosen]]
    found = np.zeros((len(rows), width))
    inside = tokens >= FIRST
    found[owners[inside], tokens[inside] - FIRST] = 1.0
    return found


def numbered(names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct names in order of spelling and the number of each given one."""
    distinct, numbers = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    return [str(one) for one in distinct], numbers.astype(np.int64)
