"""A task's number of experts follows its validation."""

from __future__ import annotations

import pytest

from benchmark.models.adamv_moe.adaptive import AdaptiveK


def _after(losses: list[float], patience: int = 2, start: int = 2, largest: int = 4) -> list[int]:
    """k of one task after each validation."""
    state, found = AdaptiveK(["t"], start, largest, patience), []
    for loss in losses:
        state.update({"t": loss})
        found += state.of_tasks()
    return found


def test_a_task_that_gains_stays() -> None:
    assert _after([5.0, 4.0, 3.5, 3.0]) == [2, 2, 2, 2]


def test_one_more_expert_after_waiting() -> None:
    assert _after([1.0, 1.5, 1.0]) == [2, 2, 3]  # an equal value is no gain


def test_back_for_good_where_it_does_not_help() -> None:
    assert _after([1.0, 2, 2, 2, 2, 2, 2, 2, 2]) == [2, 2, 3, 3, 2, 2, 2, 2, 2]


def test_further_where_it_helps() -> None:
    assert _after([3.0, 4, 4, 2.0, 4, 4, 1.0, 4, 4]) == [2, 2, 3, 3, 3, 4, 4, 4, 4]


def test_never_more_than_the_largest() -> None:
    assert max(_after([0.0] * 30, start=4)) == 4
    assert min(_after([0.0] * 30, start=1)) == 1


def test_tasks_are_apart_and_undefined_ones_wait() -> None:
    state = AdaptiveK(["a", "b"], 2, 4, 1)
    for loss in (1.0, 2.0):
        state.update({"b": loss})
    assert state.of_tasks() == [2, 3]


@pytest.mark.parametrize("cut", range(1, 8))
def test_the_state_is_all_in_buffers(cut: int) -> None:
    losses = [2.0, 3, 3, 1.0, 3, 3, 3, 3, 3]
    first, second = (AdaptiveK(["t"], 2, 4, 2) for _ in range(2))
    for loss in losses[:cut]:
        first.update({"t": loss})
    second.load_state_dict(first.state_dict())
    for loss in losses[cut:]:
        second.update({"t": loss})
    assert second.of_tasks() == _after(losses)[-1:]
