"""One cell: runs over folds and seeds become a mean and a labelled spread."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CellValue:
    """One planned run of a cell.

    Attributes:
        split: Which division of the data; runs with equal splits share train and test rows.
        seed: Seed of the run.
        value: The metric on test; None if the run has none.
        reason: Why there is none, or a note on the value.
        undefined: The run ended well, but the metric does not exist for it.
        unit: What several splits are called: folds, random splits, folds from files.
    """

    split: str
    seed: int
    value: float | None
    reason: str = ""
    undefined: bool = False
    unit: str = "folds"


@dataclass(frozen=True)
class Aggregate:
    """A cell's number.

    Attributes:
        mean: Mean over units; None without a value.
        std: Standard deviation over units, ddof 1; None with fewer than two units.
        n: Runs with a value.
        planned: Runs the cell should have.
        units: Units with a value: folds, or seeds where there is one split.
        over: What a unit is, in words, e.g. ``5 folds``; empty for a single run.
        remarks: Distinct notes on values that exist, in order of folds and seeds.
        absences: Why values do not exist, with how many runs each concerns; runs that have not
            been done are not among them.
        undefined: Runs that ended well without the metric existing for them.
    """

    mean: float | None
    std: float | None
    n: int
    planned: int
    units: int
    over: str
    remarks: tuple[str, ...] = ()
    absences: tuple[str, ...] = ()
    undefined: int = 0


def aggregate(values: Sequence[CellValue]) -> Aggregate:
    """Average the runs of a cell.

    With several splits a unit is a split, and the seeds within it are averaged first: they share
    their test rows, so counting them as independent would make the spread too small. With one
    split a unit is a seed. The result does not depend on the order of ``values``.

    Args:
        values: Every planned run, with or without a value.
    """
    values = sorted(values, key=lambda one: (one.split, one.seed, one.reason))
    splits = {one.split for one in values}
    seeds = {one.seed for one in values}
    have = [one for one in values if one.value is not None]
    known = list(unit_means(values).values())
    return Aggregate(
        mean=math.fsum(known) / len(known) if known else None,
        std=_std(known),
        n=len(have),
        planned=len(values),
        units=len(known),
        over=_over(len(splits), len(seeds), sorted({one.unit for one in values})),
        remarks=tuple(dict.fromkeys(one.reason for one in have if one.reason)),
        absences=_absences(values),
        undefined=sum(one.undefined for one in values),
    )


def unit_means(values: Sequence[CellValue]) -> dict[str, float]:
    """Return the mean of each unit of a cell that has one; see :func:`aggregate`.

    Returns:
        By split where there are several, else by seed, in that order; two cells over the same
        units can be compared unit by unit.
    """
    by_split = len({one.split for one in values}) > 1
    units: dict[tuple[str, int], list[CellValue]] = {}
    for one in values:
        units.setdefault((one.split, 0) if by_split else ("", one.seed), []).append(one)
    means = {split or str(seed): _mean(units[split, seed]) for split, seed in sorted(units)}
    return {unit: mean for unit, mean in means.items() if mean is not None}


def _absences(values: Sequence[CellValue]) -> tuple[str, ...]:
    """Count the reasons: ``one class only (2 of 5 runs)``."""
    counts = Counter(one.reason for one in values if one.value is None and one.reason)
    return tuple(f"{reason} ({count} of {len(values)} runs)" for reason, count in counts.items())


def _mean(values: Sequence[CellValue]) -> float | None:
    numbers = [one.value for one in values if one.value is not None]
    return math.fsum(numbers) / len(numbers) if numbers else None


def _std(values: Sequence[float]) -> float | None:
    """Standard deviation with ddof 1."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _over(splits: int, seeds: int, units: Sequence[str]) -> str:
    if splits > 1:
        each = f", each the mean of {seeds} seeds" if seeds > 1 else ""
        return f"{splits} {' and '.join(units)}{each}"
    return f"{seeds} seeds on one split" if seeds > 1 else ""
