"""Rules by which stays are left out, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from benchmark.core.errors import DataError
from benchmark.datasets._base import AttritionStep

#: Name of a step, what is true of the stays that are kept, why the others are left out.
Rule = tuple[str, pl.Expr, str]


def apply_rules(
    stays: pl.DataFrame, rules: Sequence[Rule], before: Sequence[AttritionStep] = ()
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Leave out the stays that a rule is not true of, rule by rule.

    Args:
        stays: A row each.
        rules: In this order.
        before: Steps that came earlier.

    Returns:
        The stays left; and the steps, those of ``before`` first.

    Raises:
        DataError: None is left; names the steps to there.
    """
    steps = list(before)
    for name, rule, why in rules:
        kept = stays.filter(rule)
        steps.append(AttritionStep(name, len(kept), len(stays) - len(kept), why))
        stays = kept
        if not len(stays):
            raise DataError("no stay is left after: " + ", ".join(step.name for step in steps))
    return stays, tuple(steps)
