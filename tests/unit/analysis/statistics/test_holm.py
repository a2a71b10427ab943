"""Holm's adjustment by hand and by its definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.analysis.statistics.holm import holm


def test_by_hand() -> None:
    # Sorted: 4 · 0.005, 3 · 0.01, 2 · 0.03, then 1 · 0.04 raised to what came before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_ends() -> None:
    assert holm([]) == ()
    assert holm([0.2]) == (0.2,)
    assert holm([0.6, 0.7]) == (1.0, 1.0)
    assert holm([0.02, 0.02]) == (0.04, 0.04)


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0.001, 0.3))
def test_rejects_what_the_step_down_procedure_rejects(p_values: list[float], alpha: float) -> None:
    adjusted = holm(p_values)
    rejected = set()
    for step, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] * (len(p_values) - step) > alpha:
            break
        rejected.add(index)
    assert {index for index, p in enumerate(adjusted) if p <= alpha} == rejected
    assert all(raw <= one <= 1 for raw, one in zip(p_values, adjusted, strict=True))


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_no_p_value(wrong: float) -> None:
    with pytest.raises(ValueError, match="is not a p-value"):
        holm([0.5, wrong])
