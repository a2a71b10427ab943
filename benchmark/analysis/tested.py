"""What a reader must know of tests against a reference: which test, which correction."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.analysis.statistics.reference import Versus

_SMALLEST_P = 0.001


def how_tested(folds: Sequence[str], seeds: Sequence[str]) -> tuple[str, ...]:
    """Return the sentences below a table of tests.

    Args:
        folds: Labels of the columns tested over folds or random splits.
        seeds: Labels of those tested over seeds of one split.
    """
    lines = ["Method minus reference on the test part, with the 95 % confidence interval."]
    if folds:
        lines.append(
            f"{_where(folds, seeds)}corrected resampled t-test over folds (Nadeau and Bengio "
            "2003): folds share training rows."
        )
    if seeds:
        lines.append(
            f"{_where(seeds, folds)}paired t-test over seeds of one split, which does not say what "
            "other test rows would give."
        )
    lines.append("p after Holm over the methods of a column; intervals are not corrected.")
    return tuple(lines)


def remark(label: str, versus: Versus, units: int) -> tuple[str, ...]:
    """Say where there is no test, or one over fewer units than the reference has.

    Args:
        label: Method and column.
        versus: Its test.
        units: Folds, splits or seeds of the reference there.
    """
    lines = []
    if versus.result.note:
        lines.append(f"{label}: {versus.result.note}.")
    if versus.pairs < units:
        lines.append(
            f"{label}: tested on the {versus.pairs} of {units} folds or seeds that both have."
        )
    return tuple(lines)


def p_text(p: float) -> str:
    """Return a p-value with three decimals, or ``<0.001``."""
    return f"{p:.3f}" if p >= _SMALLEST_P else f"<{_SMALLEST_P}"


def _where(these: Sequence[str], others: Sequence[str]) -> str:
    """Name columns where a sentence does not hold for all."""
    return f"{', '.join(these)}: " if others else "Test: "
