"""What holds for every registered loss; ``mmbench check`` makes the same checks."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.checks._base import Check
from benchmark.checks.losses import CHECKS, METRIC, LossSubject, descend, score, targets_of
from benchmark.losses import DEFAULT_LOSS, LOSSES, LossInfo

CASES = [(name, kind) for name in LOSSES for kind in LOSSES.load(name).kinds]


@pytest.mark.parametrize("name", list(LOSSES))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name.replace(" ", "_"))
def test_loss(check: Check[LossSubject], name: str) -> None:
    check.run(LossSubject(name))


def test_every_default_loss_knows_its_kind() -> None:
    for kind, name in DEFAULT_LOSS.items():
        assert (name, kind) in CASES


def test_validation_knows_the_kinds_of_every_loss() -> None:
    assert all(isinstance(LOSSES.entry(name), LossInfo) for name in LOSSES)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_training_on_logits_alone_ends_in_perfect_scores(name: str, kind: Any) -> None:
    loss, target = LossSubject(name).build(kind), targets_of(kind, 12)
    first, last, logits = descend(loss, target)
    # Tied deaths keep a partial likelihood from falling to 0.
    assert last < first * (0.6 if name == "cox" else 0.1)
    best = 0.0 if METRIC[loss.task.kind] == "mae" else 1.0
    assert score(loss, logits, target) == pytest.approx(best, abs=0.05 if best == 0 else 0.0)
