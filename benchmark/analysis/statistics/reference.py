"""Every method of a column against one reference, with p-values corrected for their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmark.analysis.statistics.holm import holm
from benchmark.analysis.statistics.ratio import INDEPENDENT
from benchmark.analysis.statistics.ttest import TestResult, corrected_ttest, paired_ttest

#: Why runs over folds cannot be tested where nobody knows how many rows they trained on.
UNKNOWN_RATIO = "how many rows the runs trained on is not known"


@dataclass(frozen=True)
class Versus:
    """A method against the reference.

    Attributes:
        result: Of method minus reference, unit by unit.
        adjusted: p after Holm over the methods of the column; None without a p.
        pairs: Units that both have.
    """

    result: TestResult
    adjusted: float | None
    pairs: int


def compare_to_reference(
    units: Mapping[str, Mapping[str, float]], reference: str, ratio: float | None
) -> dict[str, Versus]:
    """Test every method of a column against the reference on the units that both have.

    Args:
        units: Value by unit (fold, split, or seed of one split), by method; see
            :func:`benchmark.analysis.cells.unit_means`.
        reference: One of the methods; without it nothing is tested.
        ratio: Test rows / training rows where units are folds or splits: the test is Nadeau and
            Bengio's. :data:`INDEPENDENT` for seeds of one split: the test is the plain paired one.
            None if it is not known: differences are given without a test.

    Returns:
        By method, the reference left out.
    """
    base = units.get(reference)
    if base is None:
        return {}
    found = {
        method: _versus([mine[unit] - base[unit] for unit in mine if unit in base], ratio)
        for method, mine in units.items()
        if method != reference
    }
    p_values = {method: one.result.p for method, one in found.items() if one.result.p is not None}
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return {method: replace(one, adjusted=adjusted.get(method)) for method, one in found.items()}


def _versus(differences: list[float], ratio: float | None) -> Versus:
    if ratio is None:
        plain = paired_ttest(differences)
        result = TestResult(plain.mean, None, None, None, None, None, plain.note or UNKNOWN_RATIO)
    elif ratio == INDEPENDENT:
        result = paired_ttest(differences)
    else:
        result = corrected_ttest(differences, ratio)
    return Versus(result, None, len(differences))
