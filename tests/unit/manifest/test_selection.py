"""Names, globs and ranges."""

from __future__ import annotations

import pytest

from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.manifest.selection import matching, numbers


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["0", "2"], {0, 2}),
        (["0,2"], {0, 2}),
        (["1-3", "3"], {1, 2, 3}),
        ([], None),
        (["7-7"], {7}),
    ],
)
def test_numbers(values: list[str], expected: set[int] | None) -> None:
    assert numbers(values, "--folds") == expected


@pytest.mark.parametrize("value", ["a", "3-1", "-1", "1-", "1.5", "1-2-3"])
def test_no_numbers(value: str) -> None:
    with pytest.raises(UsageError, match=f"--seeds '{value}' is neither a number nor a range"):
        numbers([value], "--seeds")


def test_matching_keeps_the_known_order_and_takes_globs() -> None:
    known = ["late_fusion", "early_fusion", "prior"]
    assert matching(["prior,early*"], known, "model") == ("early_fusion", "prior")
    assert matching([], known, "model") == tuple(known)


def test_matching_nothing_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown row 'pior'\ndid you mean 'prior'\?"):
        matching(["prior", "pior"], ["prior"], "row")
