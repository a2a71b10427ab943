"""Problems, components and strict parsing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from benchmark.core.problem import Component, Modality, Problem, Task

COMPONENT = Component(
    dataset="toy",
    modalities=(Modality(name="a", kind="vector", shape=(3,)),),
    tasks=(Task(name="t", kind="binary", classes=("no", "yes")),),
)


def test_lookup_by_name() -> None:
    assert COMPONENT.modality("a").shape == (3,)
    assert COMPONENT.task("t").classes == ("no", "yes")
    with pytest.raises(KeyError, match="'b' is not among \\['a'\\]"):
        COMPONENT.modality("b")


def test_a_problem_of_one_and_of_several_datasets() -> None:
    problem = Problem(components=(COMPONENT,), outputs={"toy/t": 2})
    assert problem.only == COMPONENT
    assert problem.n_outputs("toy", "t") == 2
    twice = Problem(components=(COMPONENT, COMPONENT), outputs={})
    with pytest.raises(ValueError, match="takes one dataset, the problem has"):
        _ = twice.only


def test_parse_is_strict_but_takes_lists() -> None:
    plain = {"name": "a", "kind": "vector", "shape": [3]}
    assert Modality.parse(plain) == COMPONENT.modalities[0]
    with pytest.raises(ValidationError, match="valid integer"):
        Modality.parse({**plain, "shape": ["3"]})
    with pytest.raises(ValidationError, match="Extra inputs"):
        Modality.parse({**plain, "size": 3})
