"""Seeds from names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmark.core.seeding import derive_seed


def test_known_values_never_change() -> None:
    assert derive_seed(0, "init") == 1122384095
    assert derive_seed(0, "order", 3) == 15985024


def test_joined_names_and_types_are_told_apart() -> None:
    assert derive_seed(0, "order", 3) != derive_seed(0, "order3")
    assert derive_seed(0, "order", 3) != derive_seed(0, "order", "3")
    assert derive_seed(0, "a", "b") != derive_seed(0, "b", "a")
    assert derive_seed(0, "a") != derive_seed(1, "a")


@given(st.integers(), st.lists(st.text() | st.integers()))
def test_seeds_fit_32_bits(base: int, names: list[str | int]) -> None:
    assert 0 <= derive_seed(base, *names) < 2**32
