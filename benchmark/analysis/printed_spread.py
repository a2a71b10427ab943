"""What stands behind a printed ±, as a standard deviation with ddof 1, or why it cannot be used."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmark.manifest.printed_schema import PrintedCell, Spread

#: What a spread may be over if its runs share training rows.
SHARING = ("folds", "splits")


@dataclass(frozen=True)
class PrintedSpread:
    """A printed spread ready for a test.

    Attributes:
        std: ddof 1, in the unit of the cell; None if there is none that can be used.
        n: Number of runs; None if not known.
        shared: Whether the runs share training rows.
        notes: What was assumed, or why the spread is not used.
    """

    std: float | None
    n: int | None
    shared: bool
    notes: tuple[str, ...] = ()


def convert(cell: PrintedCell, spread: Spread) -> PrintedSpread:
    """Convert a cell's ± to a standard deviation with ddof 1.

    A variance becomes its root; a population spread (ddof 0) grows by √(n / (n − 1)). Where the
    paper does not state the divisor it is taken as n: the wider reading, so that neither ``agrees``
    nor ``differs`` is said too easily. Where it does not say what ± is, or over how many runs, the
    spread is not used and our own stands in.
    """
    shared = spread.over in SHARING
    given = cell.spread_value
    if given is None:
        return PrintedSpread(None, spread.n, shared)
    if spread.kind not in ("std", "variance"):
        return PrintedSpread(
            None,
            spread.n,
            shared,
            ("The printed ± is not explained and not used; ours stands in.",),
        )
    if spread.n is None or spread.n < 2:
        return PrintedSpread(
            None,
            spread.n,
            shared,
            ("Over how many runs the printed ± is, is not known: it is not used; ours stands in.",),
        )
    std = math.sqrt(given) if spread.kind == "variance" else given
    notes = []
    if spread.ddof is None:
        notes.append("The divisor of the printed ± is not stated: taken as n, the wider reading.")
    if spread.ddof != 1:
        std *= math.sqrt(spread.n / (spread.n - 1))
    return PrintedSpread(std, spread.n, shared, tuple(notes))
