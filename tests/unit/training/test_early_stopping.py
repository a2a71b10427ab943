"""Strict improvement keeps, patience stops."""

from __future__ import annotations

import pytest

from benchmark.training.config import EarlyStoppingConfig
from benchmark.training.early_stopping import EarlyStopping


def _run(values: list[float], higher: bool = False, **config: float) -> EarlyStopping:
    stopping = EarlyStopping(EarlyStoppingConfig.parse(config), higher)
    for epoch, value in enumerate(values, start=1):
        stopping.update(epoch, value)
    return stopping


@pytest.mark.parametrize(("higher", "best"), [(False, 3), (True, 2)])
def test_best_in_the_right_direction_and_first_of_equals(higher: bool, best: int) -> None:
    assert _run([2.0, 5.0, 1.0, 1.0, 5.0], higher).best_epoch == best


def test_without_patience_it_never_stops() -> None:
    assert not _run([1.0] * 100).stop


def test_stops_after_patience_epochs_without_improvement() -> None:
    assert not _run([3.0, 2.0, 2.5, 2.0], patience=3).stop
    assert _run([3.0, 2.0, 2.5, 2.0, 2.0], patience=3).stop


def test_small_improvements_are_kept_but_do_not_restart_patience() -> None:
    stopping = _run([1.0, 0.95, 0.91], patience=2, min_delta=0.1)
    assert stopping.stop
    assert stopping.best_epoch == 3
    # They add up: 0.85 is better than 1.0 by more than 0.1.
    assert not _run([1.0, 0.95, 0.85], patience=2, min_delta=0.1).stop


def test_state_round_trip() -> None:
    one = _run([3.0, 2.0, 2.5], patience=3)
    other = EarlyStopping(one.config, one.higher_is_better)
    other.restore(one.state())
    assert other == one
