"""Interaction losses by hand, and against loops over experts and modalities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from benchmark.models.layers.interaction import Interaction, contrast_losses, distance_losses

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]


def _one(full: list[float], masked: list[list[float]], observed: list[bool]) -> Interaction:
    """One sample, the same predictions for all four experts of two modalities."""
    values = torch.tensor(full, dtype=torch.float64)
    others = torch.tensor(masked, dtype=torch.float64)
    return Interaction(
        full=values.expand(4, 1, -1),
        masked=others[None, :, None].expand(4, -1, -1, -1),
        modalities=[0, 1],
        observed=torch.tensor([observed]),
    )


ROLES = ["0", "1", "synergy", "redundancy"]


def test_contrast_by_hand() -> None:
    """|y - y_0| = 5, |y - y_1| = 1; cos(y, y_0) = 0, cos(y, y_1) = 3 / 4 / 1 = 1."""
    pairs = _one([4.0, 0.0], [[0.0, 3.0], [3.0, 0.0]], [True, True])
    uniqueness_0 = max(1.0 - 5.0 + 1.0, 0.0)
    uniqueness_1 = max(5.0 - 1.0 + 1.0, 0.0)
    synergy = (0.0 + 1.0) / 2
    redundancy = ((1 - 0.0) + (1 - 1.0)) / 2
    expected = [uniqueness_0, uniqueness_1, synergy, redundancy]
    assert contrast_losses(pairs, ROLES).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("sign", [-1, 1])
def test_distances_by_hand(sign: int) -> None:
    pairs = _one([4.0], [[1.0], [2.0]], [True, True])
    expected = [4.0 - 9.0, 9.0 - 4.0, sign * (9.0 + 4.0) / 2, (9.0 + 4.0) / 2]
    assert distance_losses(pairs, ROLES, sign).tolist() == pytest.approx(expected)


def test_what_a_sample_lacks_is_not_compared() -> None:
    pairs = _one([4.0], [[1.0], [2.0]], [True, False])
    assert distance_losses(pairs, ROLES, -1).tolist() == pytest.approx([0, 0, -9 / 2, 9 / 2])
    nothing = _one([4.0, 1.0], [[1.0, 0.0], [2.0, 0.0]], [False, False])
    assert contrast_losses(nothing, ROLES).tolist() == [0, 0, 0, 0]


def _by_loops(pairs: Interaction, names: Sequence[str]) -> Tensor:
    losses = []
    for e, name in enumerate(names):
        terms = []
        for k, m in enumerate(pairs.modalities):
            per_sample = []
            for b, seen in enumerate(pairs.observed):
                y, masked = pairs.full[e, b], pairs.masked[e, k, b]
                cosine = (y @ masked) / (y @ y).sqrt() / (masked @ masked).sqrt()
                if name == "synergy" and seen[m]:
                    per_sample.append(cosine)
                elif name == "redundancy" and seen[m]:
                    per_sample.append(1 - cosine)
                elif name.isdigit() and int(name) != m and seen[m] and seen[int(name)]:
                    own = pairs.masked[e, list(pairs.modalities).index(int(name)), b]
                    near = (y - masked + 1e-7).square().sum().sqrt()
                    far = (y - own + 1e-7).square().sum().sqrt()
                    per_sample.append((near - far + 1).clamp(min=0))
            if name.isdigit() and int(name) == m:
                continue
            terms.append(torch.stack(per_sample).mean())
        losses.append(torch.stack(terms).mean())
    return torch.stack(losses)


def test_contrast_against_loops(agree: Agree) -> None:
    generator = torch.Generator().manual_seed(0)
    names = ["0", "1", "2", "synergy", "redundancy"]
    values = torch.randn(5, 4, 6, 3, dtype=torch.float64, generator=generator).requires_grad_()
    observed = torch.rand(6, 3, generator=generator) > 0.3
    observed[:2] = True
    pairs = Interaction(values[:, 0], values[:, 1:], [0, 1, 2], observed)
    agree(contrast_losses(pairs, names), _by_loops(pairs, names), [values])


def test_experts_of_modalities_that_are_not_masked_have_no_loss() -> None:
    values = torch.randn(5, 3, 6, 3).requires_grad_()
    pairs = Interaction(values[:, 0], values[:, 1:], [0, 2], torch.ones(6, 3).bool())
    losses = contrast_losses(pairs, ["0", "1", "2", "synergy", "redundancy"])
    assert losses[1].item() == 0
    (losses.sum()).backward()
    assert values.grad is not None
    assert not values.grad[1].any()
    assert all(bool(values.grad[e].any()) for e in (0, 2, 3, 4))
