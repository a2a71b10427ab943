"""Counting from all records of a release to the samples taken."""

from __future__ import annotations

from benchmark.datasets._base import AttritionStep


class Steps:
    """Counts what is left after each step of a cohort.

    Args:
        name: Of the first step.
        count: Records there are.
    """

    def __init__(self, name: str, count: int) -> None:
        self._steps = [AttritionStep(name, count)]

    def keep(self, name: str, count: int, why: str = "") -> None:
        """Note that ``count`` of the records before are left."""
        dropped = self._steps[-1].kept - count
        self._steps.append(AttritionStep(name, count, dropped, why if dropped else ""))

    def regroup(self, name: str, count: int) -> None:
        """Note that records are now counted in another unit."""
        self._steps.append(AttritionStep(name, count))

    def done(self) -> tuple[AttritionStep, ...]:
        """Return all steps."""
        return tuple(self._steps)
