"""Several comparisons with one reference: p-values that keep the chance of any false alarm."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p-values, in the order given.

    With p(1) ≤ … ≤ p(m), the i-th is max over j ≤ i of min(1, (m − j + 1) p(j)): Holm, *A Simple
    Sequentially Rejective Multiple Test Procedure*, Scand. J. Statist. 6 (1979); the step-down
    maximum keeps them in the order of the p-values.

    Raises:
        ValueError: A p-value is outside 0 to 1, or NaN.
    """
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(f"{p} is not a p-value")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for step, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - step) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)
