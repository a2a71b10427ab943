"""Mirai: view conditioning, pooling, the hazard's order, the shared encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import MLPEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.layers.additive_hazard import AdditiveHazard
from benchmark.models.layers.attention_layer import AttentionLayer
from benchmark.models.layers.condition import ViewCondition
from benchmark.models.layers.view_pool import ViewPool
from benchmark.models.layers.views import View, read_view
from benchmark.models.mirai.config import MiraiConfig
from benchmark.models.mirai.model import Mirai
from benchmark.training.strategies.plain import parameter_counts

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
EMBED = ("cview_cc", "cview_mlo", "ffdm_cc", "ffdm_mlo")
RISKS = ("risk_1y", "risk_2y", "risk_3y")


def _problem(
    names: Sequence[str], tasks: Sequence[str], shapes: Sequence[int] = (), outputs: int = 1
) -> Problem:
    component = Component(
        dataset="d",
        modalities=tuple(
            Modality(name=name, kind="vector", shape=(shapes[m] if shapes else 6,))
            for m, name in enumerate(names)
        ),
        tasks=tuple(Task(name=name, kind="binary", classes=("no", "yes")) for name in tasks),
    )
    return Problem(components=(component,), outputs={f"d/{name}": outputs for name in tasks})


def _model(problem: Problem, **settings: Any) -> Mirai:
    config = MiraiConfig.parse({"width": 8, "heads": 2, "embedding": 3, **settings})
    torch.manual_seed(0)
    names = [modality.name for modality in problem.only.modalities]
    encoders: dict[str, Encoder] = {
        name: MLPEncoder(problem.only.modality(name), MLPEncoderConfig(width=5, hidden=()))
        for name in config.encoded(names)
    }
    return Mirai(problem, encoders, config)


def _batch(problem: Problem, size: int = 4) -> Batch:
    generator = torch.Generator().manual_seed(1)
    inputs = {
        one.name: ModalityData(torch.randn(size, *one.shape, generator=generator))
        for one in problem.only.modalities
    }
    return Batch("d", inputs, torch.ones(size, len(inputs)).bool(), {}, torch.arange(size))


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("cc", View("cc", "", "", other=False)),
        ("mlo_other", View("mlo", "_other", "", other=True)),
        ("ffdm_cc", View("cc", "ffdm", "ffdm", other=False)),
        ("cview_mlo_other", View("mlo", "cview_other", "cview", other=True)),
        ("fundus", View("fundus", "", "", other=False)),
        ("left_fundus", View("left_fundus", "", "", other=False)),
    ],
)
def test_a_name_says_what_a_view_shows(name: str, view: View) -> None:
    assert read_view(name) == view


def test_condition_by_loops(agree: Agree) -> None:
    layer = ViewCondition(4, EMBED, 3).double()
    views = torch.randn(2, 4, 4, dtype=torch.float64, requires_grad=True)
    rows = []
    for v, (projection, side) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
        code = torch.cat(
            [layer.projection.weight[projection], layer.time.weight[0], layer.side.weight[side]]
        )
        scale = layer.scale.weight @ code + layer.scale.bias
        shift = layer.shift.weight @ code + layer.shift.bias
        rows.append(views[:, v] * scale + shift)
    agree(layer(views), torch.stack(rows, dim=1), [views, *layer.parameters()])
    count = sum(one.numel() for one in layer.parameters())
    assert count == (2 + 1 + 2) * 3 + 2 * (3 * 3 + 1) * 4


def test_pools_by_hand() -> None:
    vectors = torch.tensor([[[1.0, 5.0], [3.0, 2.0], [9.0, 9.0]]])
    keys = torch.tensor([[True, True, False]])
    assert ViewPool(2, "max")(vectors, keys).tolist() == [[3.0, 5.0]]
    assert ViewPool(2, "mean")(vectors, keys).tolist() == [[2.0, 3.5]]
    soft = ViewPool(2, "softmax")
    with torch.no_grad():
        assert soft.score is not None
        soft.score.weight.copy_(torch.tensor([[1.0, 0.0]]))
    share = 1 / (1 + torch.tensor(2.0).exp())  # of the first: scores 1 and 3
    expected = share * vectors[0, 0] + (1 - share) * vectors[0, 1]
    assert torch.allclose(soft(vectors, keys)[0], expected, atol=1e-6)


@pytest.mark.parametrize("pool", ["max", "mean", "softmax"])
def test_nothing_is_pooled_to_zeros(pool: Any) -> None:
    layer = ViewPool(2, pool)
    assert not layer(torch.randn(3, 4, 2), torch.zeros(3, 4).bool()).any()


@pytest.mark.parametrize("order", ["pre", "post"])
@pytest.mark.parametrize("cross", [False, True])
def test_attention_layer_by_its_formula(agree: Agree, order: Any, cross: bool) -> None:
    torch.manual_seed(0)
    layer = AttentionLayer(4, 2, 7, 0.5, order)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)
    layer.double().eval()
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    s = torch.randn(2, 5, 4, dtype=torch.float64, requires_grad=True) if cross else None
    keys = torch.tensor([[True, False, True, True, False], [True] * 5])[:, : 5 if cross else 3]
    one, two, f = layer.attention_norm, layer.feed_forward_norm, layer.feed_forward
    if order == "post":
        h = one(x + layer.attention(x, x if s is None else s, keys))
        y = two(h + f(h))
    else:
        h = x + layer.attention(one(x), one(x if s is None else s), keys)
        y = h + f(two(h))
    leaves = [x, *([] if s is None else [s]), *layer.parameters()]
    agree(layer(x, s, keys), y, leaves)
    assert sum(p.numel() for p in layer.parameters()) == 4 * 16 + 2 * 4 * 7 + 9 * 4 + 7


def test_additive_hazard_by_hand() -> None:
    layer = AdditiveHazard(2, 3)
    with torch.no_grad():
        layer.base.weight.copy_(torch.tensor([[1.0, 1.0]]))
        layer.base.bias.fill_(0.5)
        layer.hazards.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0], [2.0, 0.0]]))
        layer.hazards.bias.copy_(torch.tensor([0.0, 0.0, 1.0]))
    # base 0.5 + 1 + 2; hazards max(0, 1), max(0, -2), max(0, 3).
    assert layer(torch.tensor([[1.0, 2.0]])).tolist() == [[4.5, 4.5, 7.5]]


@pytest.mark.parametrize("outputs", [1, 2])
def test_risk_grows_with_the_horizon(outputs: int) -> None:
    """Tasks may come in any order; other tasks keep heads of their own."""
    problem = _problem(EMBED, ("risk_3y", "density", "risk_1y", "risk_2y"), outputs=outputs)
    model = _model(problem, hazard=True).eval()
    logits = model(_batch(problem, 64)).logits
    assert set(logits) == {"risk_1y", "risk_2y", "risk_3y", "density"}
    risks = [logits[name] for name in RISKS]
    assert all(one.shape == (64, outputs) for one in risks)
    last = [one[:, -1] for one in risks]
    assert bool((last[1] >= last[0]).all() and (last[2] >= last[1]).all())
    assert bool((last[2] > last[0]).any())
    free = _model(problem).eval()(_batch(problem, 64)).logits
    assert bool((free["risk_2y"][:, -1] < free["risk_1y"][:, -1]).any())


def test_a_hazard_needs_risks() -> None:
    with pytest.raises(UsageError, match="a hazard needs tasks risk_1y"):
        _model(_problem(EMBED, ("density",)), hazard=True)


def test_views_share_one_encoder() -> None:
    problem = _problem(EMBED, ("t",))
    shared, own = _model(problem), _model(problem, share_encoder=False)
    counts = [parameter_counts(model)["encoders"] for model in (shared, own)]
    assert counts == [6 * 5 + 5, 4 * (6 * 5 + 5)]
    batch = _batch(problem)
    shared(batch).logits["t"].sum().backward()
    weight = next(shared.encoders[0].parameters())
    assert weight.grad is not None
    assert weight.grad.any()


def test_views_that_share_an_encoder_have_one_shape() -> None:
    with pytest.raises(UsageError, match=r"cannot share an encoder: cc .*, mlo"):
        _model(_problem(("cc", "mlo"), ("t",), shapes=(6, 7)))


def test_views_are_told_apart_by_their_condition() -> None:
    """Swapping two views changes the score only because they are conditioned on what they are."""
    problem = _problem(("cc", "mlo"), ("t",))
    batch = _batch(problem)
    swapped = Batch(
        "d",
        {"cc": batch.inputs["mlo"], "mlo": batch.inputs["cc"]},
        batch.observed,
        {},
        batch.rows,
    )
    for condition, same in ((True, False), (False, True)):
        model = _model(problem, condition=condition).eval()
        one, other = model(batch).logits["t"], model(swapped).logits["t"]
        assert torch.allclose(one, other, atol=1e-5) is same
