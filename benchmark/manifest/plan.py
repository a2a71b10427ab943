"""A run with everything that does not change its numbers: what it serves and its limits."""

from __future__ import annotations

from pydantic import Field

from benchmark.core.problem import Frozen
from benchmark.core.result import Source
from benchmark.core.spec import RunSpec


class Use(Frozen):
    """One row of one table that a run serves."""

    table: str
    row: str


class PlannedRun(Frozen):
    """A run spec and what the suite needs around it.

    Attributes:
        spec: What is computed.
        label: For people: ``quickstart early_fusion wdbc fold 2 seed 0``.
        uses: Rows served; several tables may share a run.
        sources: Source of the data by component.
        timeout: Seconds before the run is stopped; None never stops it.
        keep_weights: Keep the trained weights for a child or because a manifest asks.
    """

    spec: RunSpec
    label: str
    uses: tuple[Use, ...] = ()
    sources: dict[str, Source] = Field(default_factory=dict)
    timeout: float | None = None
    keep_weights: bool = False
