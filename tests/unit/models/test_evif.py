"""Bounds of mutual information: against loops, against what is known, and who learns from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import PatchEncoderConfig
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.evif.config import EVIFConfig
from benchmark.models.evif.estimators import Estimators
from benchmark.models.evif.model import EVIF
from benchmark.models.layers.club import CLUB, club_bound, club_likelihood_loss
from benchmark.models.layers.info_nce import InfoNCE, info_nce_bound
from benchmark.models.layers.self_cross_layer import SelfCrossLayer

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]


def _pair(size: int, width: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    x = torch.randn(size, width, dtype=torch.float64, requires_grad=True)
    return x, torch.randn(size, width, dtype=torch.float64, requires_grad=True)


def test_club_by_loops(agree: Agree) -> None:
    x, y = _pair(4, 3)
    club = CLUB(3, 5).double()
    assert sum(one.numel() for one in club.parameters()) == 4 * 3 * 5 + 2 * 5 + 2 * 3
    rows = []
    for i in range(4):
        mean, log_variance = club.mean(x[i]), club.log_variance(x[i])
        row = [
            sum(
                -0.5 * ((y[j, d] - mean[d]) ** 2 / log_variance[d].exp() + log_variance[d])
                for d in range(3)
            )
            for j in range(4)
        ]
        rows.append(torch.stack([torch.as_tensor(one) for one in row]))
    expected = torch.stack(rows)
    agree(club(x, y), expected, [x, y, *club.parameters()])


def test_bounds_by_hand() -> None:
    log = torch.tensor([[-1.0, -3.0], [-5.0, -2.0]])
    assert float(club_likelihood_loss(log)) == 1.5
    assert float(club_bound(log)) == -1.5 - (-11 / 4)
    scores = torch.tensor([[1.0, 0.0], [2.0, 2.0]])
    mean = (1 - math.log(math.e + 1) + math.log(0.5)) / 2
    assert float(info_nce_bound(scores)) == pytest.approx(math.log(2) + mean)
    assert float(info_nce_bound(100 * torch.eye(7))) == pytest.approx(math.log(7))


def test_info_nce_by_loops(agree: Agree) -> None:
    x, y = _pair(4, 3)
    critic = InfoNCE(3, 5).double()
    rows = [
        torch.stack(
            [(critic.left.weight @ one) @ (critic.right.weight @ two) / math.sqrt(5) for two in y]
        )
        for one in x
    ]
    agree(critic(x, y), torch.stack(rows), [x, y, *critic.parameters()])


def test_bounds_enclose_the_information_of_a_gaussian() -> None:
    """For unit Gaussians of correlation r it is -log(1 - r^2) / 2, CLUB's limit r^2 / (1 - r^2)."""
    torch.manual_seed(0)
    x = torch.randn(256, 1)
    y = 0.8 * x + 0.6 * torch.randn(256, 1)
    truth = -0.5 * math.log(1 - 0.64)
    club, critic = CLUB(1, 32), InfoNCE(1, 4)
    # A bilinear critic of one number cannot tell a density ratio; its bound is loose, still below.
    optimizer = torch.optim.Adam([*club.parameters(), *critic.parameters()], lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        (club_likelihood_loss(club(x, y)) - info_nce_bound(critic(x, y))).backward()
        optimizer.step()
    with torch.no_grad():
        above, below = float(club_bound(club(x, y))), float(info_nce_bound(critic(x, y)))
    assert 0.05 < below < truth < above
    explained = float(torch.corrcoef(torch.cat([x, y], dim=1).T)[0, 1] ** 2)
    assert above == pytest.approx(explained / (1 - explained), rel=0.1)


def test_estimators_and_features_learn_from_losses_of_their_own() -> None:
    torch.manual_seed(0)
    estimators = Estimators(3, 4, 5)
    features = torch.randn(6, 3, 4, requires_grad=True)
    fused = torch.randn(6, 4, requires_grad=True)
    everything = torch.ones(6, 3).bool()
    upper, lower = estimators.bounds(features, fused, everything)
    (upper - lower).backward()
    assert all(one.grad is None for one in estimators.parameters())
    assert features.grad is not None
    assert features.grad.any()
    features.grad = fused.grad = None
    estimators.loss(features, fused, everything).backward()
    assert all(one.grad is not None and one.grad.any() for one in estimators.parameters())
    assert features.grad is None
    assert fused.grad is None


def test_bounds_leave_missing_rows_out() -> None:
    torch.manual_seed(0)
    estimators = Estimators(2, 4, 5)
    features, fused = torch.randn(6, 2, 4), torch.randn(6, 4)
    observed = torch.ones(6, 2).bool()
    observed[0, 0] = observed[1, 1] = False
    upper, lower = estimators.bounds(features, fused, observed)
    moved = features.clone()
    moved[0, 0], moved[1, 1] = 9, 9
    again = estimators.bounds(moved, fused, observed)
    assert (float(upper), float(lower)) == (float(again[0]), float(again[1]))
    none = estimators.bounds(features, fused, torch.zeros(6, 2).bool())
    assert (float(none[0]), float(none[1])) == (0, 0)


def test_bounds_do_not_see_scale_or_shift() -> None:
    torch.manual_seed(0)
    estimators = Estimators(2, 8, 5)
    features, fused, seen = torch.randn(6, 2, 8), torch.randn(6, 8), torch.ones(6, 2).bool()
    one = estimators.bounds(features, fused, seen)
    other = estimators.bounds(5 * features + 2, 3 * fused - 1, seen)
    assert float(one[0]) == pytest.approx(float(other[0]), abs=1e-3)
    assert float(one[1]) == pytest.approx(float(other[1]), abs=1e-3)


@pytest.mark.parametrize("order", ["pre", "post"])
def test_self_cross_layer_by_its_formula(agree: Agree, order: Any) -> None:
    torch.manual_seed(0)
    layer = SelfCrossLayer(4, 2, 7, 0.5, order)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)
    layer.double().eval()
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    s = torch.randn(2, 5, 4, dtype=torch.float64, requires_grad=True)
    own = torch.tensor([[True, True, False], [True] * 3])
    keys = torch.tensor([[True, False, True, True, False], [False] * 5])
    if order == "pre":
        h = x + layer.attention(layer.norm(x), layer.norm(x), own)
    else:
        h = layer.norm(x + layer.attention(x, x, own))
    expected = layer.cross(h, s, keys)
    agree(layer(x, s, own, keys), expected, [x, s, *layer.parameters()])
    count = sum(one.numel() for one in layer.parameters())
    assert count == 8 * 16 + 2 * 4 * 7 + 15 * 4 + 7


def _problem(modalities: str) -> Problem:
    component = Component(
        dataset="d",
        modalities=tuple(Modality(name=one, kind="vector", shape=(8,)) for one in modalities),
        tasks=(Task(name="t", kind="multiclass", classes=tuple("xyz")),),
    )
    return Problem(components=(component,), outputs={"d/t": 3})


def _model(modalities: str = "ab", **settings: Any) -> EVIF:
    torch.manual_seed(0)
    problem = _problem(modalities)
    encoders: dict[str, Encoder] = {
        one.name: PatchEncoder(one, PatchEncoderConfig(width=4, patches=2 + m))
        for m, one in enumerate(problem.only.modalities)
    }
    small = {"heads": 2, "hidden": 8, "estimator_hidden": 3, **settings}
    return EVIF(problem, encoders, EVIFConfig.parse(small))


def _batch(size: int = 6, modalities: str = "ab") -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = {one: ModalityData(torch.randn(size, 8, generator=generator)) for one in modalities}
    observed = torch.ones(size, len(modalities)).bool()
    return Batch("d", inputs, observed, {}, torch.arange(size))


@torch.no_grad()
def test_terms_are_weighted() -> None:
    model, batch = _model().eval(), _batch()
    features, tokens = model._features(batch)
    fused = model._mean(tokens, batch.observed)
    upper, lower = model.estimators.bounds(features, fused, batch.observed)
    losses = model(batch).losses
    assert float(losses["minimised"]) == pytest.approx(0.1 * float(upper) / 4)
    assert float(losses["maximised"]) == pytest.approx(-0.01 * float(lower))
    assert float(losses["estimators"]) == pytest.approx(float(model.estimator_loss(batch)))
    whole = _model(per_dimension=False).eval()(batch).losses["minimised"]
    assert float(whole) == pytest.approx(0.1 * float(upper))


def test_the_models_terms_leave_the_estimators_alone() -> None:
    model, batch = _model(), _batch()
    losses = model(batch).losses
    (losses["minimised"] + losses["maximised"]).backward(retain_graph=True)
    assert all(one.grad is None for one in model.estimators.parameters())
    model.zero_grad()
    losses["estimators"].backward()
    rest = [one for name, one in model.named_parameters() if not name.startswith("estimators.")]
    assert all(one.grad is None for one in rest)


def test_one_modality_has_nothing_to_compare_with() -> None:
    with pytest.raises(UsageError, match="evif compares modalities, and there is only one"):
        _model("a")
