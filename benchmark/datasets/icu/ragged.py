"""Events of many stays in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Events sorted by stay, then time, then kind, then as they came.

    Attributes:
        offsets: (N + 1,) events of stay n are ``offsets[n]:offsets[n + 1]``; where ``lengths`` is
            given, (N,) where they begin.
        minutes: (E,) float32 since the start of the window.
        kinds: (E,) int32 channel or code.
        values: (E,) float32 measured values; None for codes.
        lengths: (N,) events of every stay, if these are some of the stays only.
    """

    offsets: Index
    minutes: NDArray[np.float32]
    kinds: NDArray[np.int32]
    values: NDArray[np.float32] | None = None
    lengths: Index | None = None

    @classmethod
    def build(
        cls,
        n: int,
        stays: Index,
        minutes: NDArray[np.floating],
        kinds: NDArray[np.integer],
        values: NDArray[np.floating] | None = None,
    ) -> Ragged:
        """Sort events given in any order.

        Args:
            n: Number of stays.
            stays: (E,) position of each event's stay.
            minutes: (E,).
            kinds: (E,).
            values: (E,) or None.
        """
        order = np.lexsort((kinds, minutes, stays))
        counts = np.bincount(stays, minlength=n)
        return cls(
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            minutes=minutes[order].astype(np.float32),
            kinds=kinds[order].astype(np.int32),
            values=None if values is None else values[order].astype(np.float32),
        )

    @property
    def counts(self) -> Index:
        """(N,) events per stay."""
        return np.diff(self.offsets) if self.lengths is None else self.lengths

    def of(self, rows: Index) -> Ragged:
        """Return some stays, in the order given; the arrays of events are the same ones."""
        return replace(self, offsets=self.offsets[rows], lengths=self.counts[rows])

    def select(self, rows: Index) -> tuple[Index, Index]:
        """Return the events of some stays.

        Returns:
            (K,) positions in ``rows`` and (K,) positions of events, stay by stay in time.
        """
        counts = self.counts[rows]
        owners = np.repeat(np.arange(len(rows)), counts)
        before = np.cumsum(counts) - counts
        within = np.arange(counts.sum()) - np.repeat(before, counts)
        return owners, np.repeat(self.offsets[rows], counts) + within
