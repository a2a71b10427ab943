"""Cross-entropy plus soft Dice, by hand and against a plain loop."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor

from benchmark.core.errors import UsageError
from benchmark.core.problem import Task
from benchmark.losses.config import DiceCEConfig
from benchmark.losses.dice_ce import DiceCE


def make(classes: int = 3, **settings: float) -> DiceCE:
    task = Task(name="seg", kind="segmentation", classes=tuple("bdcx"[:classes]))
    return DiceCE(task, DiceCEConfig(**settings), torch.zeros(0).numpy())


def plain(logits: Tensor, target: Tensor, ce: float, dice: float, smooth: float) -> Tensor:
    """The formula of the docstring, pixel by pixel."""
    totals = []
    for sample in range(len(target)):
        known = [
            (row, column)
            for row in range(target.shape[1])
            for column in range(target.shape[2])
            if target[sample, row, column] >= 0
        ]
        if not known:
            continue
        p = {one: logits[sample, :, one[0], one[1]].softmax(0) for one in known}
        y = {one: int(target[sample, one[0], one[1]]) for one in known}
        entropy = torch.stack([-torch.log(p[one][y[one]]) for one in known]).mean()
        each = []
        for c in range(1, logits.shape[1]):
            both = torch.stack([p[one][c] * (y[one] == c) for one in known]).sum()
            sizes = torch.stack([p[one][c] + (y[one] == c) for one in known]).sum()
            each.append((2 * both + smooth) / (sizes + smooth))
        totals.append(ce * entropy + dice * (1 - torch.stack(each).mean()))
    return torch.stack(totals).mean()


def test_by_hand() -> None:
    """Two pixels, two classes, logits 0: p = 1/2 everywhere, one pixel is foreground."""
    loss = make(2, smooth=1.0)
    value = loss(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 1]]]))
    soft_dice = (2 * 0.5 + 1) / ((0.5 + 0.5) + 1 + 1)
    assert float(value) == pytest.approx(log(2) + 1 - soft_dice)


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (0.3, 2.0, 0.01), (0.0, 1.0, 5.0)])
def test_against_a_plain_loop_with_gradients(weights: tuple[float, float, float]) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 3, 5, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.randint(-1, 3, (4, 5, 4), generator=generator)
    target[2] = -1
    ce, dice, smooth = weights
    ours = make(ce=ce, dice=dice, smooth=smooth)(logits, target)
    theirs = plain(logits, target, ce, dice, smooth)
    assert torch.allclose(ours, theirs, atol=1e-10)
    gradients = [torch.autograd.grad(one, logits)[0] for one in (ours, theirs)]
    assert torch.allclose(*gradients, atol=1e-10)


def test_micro_batches_join_by_samples() -> None:
    loss = make()
    logits = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    target = torch.randint(0, 3, (5, 4, 4), generator=torch.Generator().manual_seed(2))
    target[1] = -1
    target[3, :2] = -1
    pieces = [(logits[:2], target[:2]), (logits[2:], target[2:])]
    joined = sum(float(loss.weight(y) * loss(x, y)) for x, y in pieces) / float(loss.weight(target))
    assert float(loss.weight(target)) == 4
    assert float(loss(logits, target)) == pytest.approx(joined, abs=1e-6)


def test_scores_are_classes_of_pixels() -> None:
    logits = torch.zeros(1, 3, 2, 2)
    logits[0, 2, 1, 1] = 1
    assert make().scores(logits).tolist() == [[[0, 0], [0, 2]]]


def test_logits_of_another_size_are_refused() -> None:
    with pytest.raises(UsageError, match=r"shape \(1, 3, 2, 2\), its masks \(1, 4, 4\)"):
        make()(torch.zeros(1, 3, 2, 2), torch.zeros(1, 4, 4, dtype=torch.int64))
