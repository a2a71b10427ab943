"""Switch and MoE++ layers against loops over tokens, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmark.models.layers.moepp import INNER, MoEPP
from benchmark.models.layers.switch import SwitchMoE

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]


def _switch(width: int = 4, experts: int = 3, **settings: float) -> SwitchMoE:
    torch.manual_seed(0)
    layer = SwitchMoE(width, experts, **settings).double()
    torch.nn.init.normal_(layer.experts.inner_bias)
    torch.nn.init.normal_(layer.experts.outer_bias)
    return layer


def _tokens(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


def _expert(layer: SwitchMoE, e: int, x: Tensor) -> Tensor:
    weights = layer.experts
    hidden = functional.gelu(x @ weights.inner[e] + weights.inner_bias[e, 0])
    return hidden @ weights.outer[e] + weights.outer_bias[e, 0]


def _switch_by_loops(
    layer: SwitchMoE, tokens: Tensor, present: Tensor, capacity: float
) -> tuple[Tensor, Tensor]:
    """Token by token in the order of a group; the balance loss from its formula."""
    output, balance = torch.zeros_like(tokens), []
    for g, group in enumerate(tokens):
        taken = [0] * layer.count
        mass = torch.zeros(layer.count, dtype=torch.float64)
        for n, token in enumerate(group):
            if not present[g, n]:
                continue
            p = (layer.router.weight @ token + layer.router.bias).softmax(dim=0)
            mass = mass + p
            e = int(p.argmax())
            if taken[e] < math.ceil(capacity * len(group) / layer.count):
                taken[e] += 1
                output = output.index_put(
                    (torch.tensor(g), torch.tensor(n)), p[e] * _expert(layer, e, token)
                )
        kept = max(sum(taken), 1)
        balance.append(
            layer.count * sum(taken[e] / kept * mass[e] / kept for e in range(layer.count))
        )
    return output, torch.stack([torch.as_tensor(one) for one in balance])


@pytest.mark.parametrize("capacity", [None, 0.6, 1.2])
@pytest.mark.parametrize("groups", [1, 3])
def test_switch(agree: Agree, capacity: float | None, groups: int) -> None:
    layer = _switch(capacity_eval=capacity).eval()
    x = _tokens(groups, 7, 4)
    present = torch.rand(groups, 7, generator=torch.Generator().manual_seed(3)) > 0.2
    got, balance = layer(x, present)
    expected, losses = _switch_by_loops(layer, x, present, capacity or 3.0)
    both = torch.cat([got.flatten(), balance]), torch.cat([expected.flatten(), losses])
    agree(*both, [x, *layer.parameters()])


def test_switch_when_all_go_to_one_expert() -> None:
    layer = _switch(capacity_train=1.0, noise=0.0).train()
    with torch.no_grad():
        layer.router.bias.copy_(torch.tensor([0.0, 50.0, 0.0]))
    x = _tokens(1, 6, 4)
    output, balance = layer(x, torch.ones(1, 6).bool())
    assert torch.equal(output[0, 2:], torch.zeros(4, 4).double())  # two of six fit
    assert torch.allclose(output[0, 1], _expert(layer, 1, x[0, 1]), atol=1e-6)
    assert float(balance.detach()) == pytest.approx(3 * 6 / 2)  # E f P
    output.sum().backward()
    grad = layer.experts.inner.grad
    assert grad is not None
    assert [bool(one.any()) for one in grad] == [False, True, False]


def test_switch_with_one_token_and_with_none() -> None:
    layer = _switch().train()
    x = _tokens(1, 1, 4)
    assert layer(x, torch.ones(1, 1).bool())[0].any()
    output, balance = layer(x, torch.zeros(1, 1).bool())
    assert not output.any()
    assert float(balance.detach()) == 0


def test_stacked_experts_start_far_smaller() -> None:
    torch.manual_seed(0)
    linear, stacked = SwitchMoE(128, 4).experts, SwitchMoE(128, 4, init="stacked").experts
    assert float(linear.inner.detach().abs().max()) == pytest.approx(128**-0.5, rel=0.01)
    assert float(stacked.inner.detach().abs().max()) == pytest.approx((128 * 256) ** -0.5, rel=0.01)


def _moepp_by_loops(layer: MoEPP, tokens: Tensor, before: Tensor | None) -> Tensor:
    rows = []
    for n, x in enumerate(tokens.flatten(0, 1)):
        router = layer.router
        logits = router.second.weight @ (router.first.weight @ x).tanh()
        if before is not None and router.pathway is not None:
            logits = logits + router.pathway.weight @ before.flatten(0, 1)[n]
        p = logits.softmax(dim=0)
        best = p.argsort(descending=True)[:2].tolist()
        gates = {e: p[e] for e in best if e != len(p) - 1}
        y, x2 = torch.zeros_like(x), 2 * x
        for e, gate in gates.items():
            y = y + gate / sum(gates.values()) * _light_or_full(layer, e, x2)
        rows.append(y)
    return torch.stack(rows).view(tokens.shape)


def _light_or_full(layer: MoEPP, e: int, x: Tensor) -> Tensor:
    if e < layer.full:
        inner = x @ layer.first[e]
        return (functional.silu(inner[:INNER]) * inner[INNER:]) @ layer.second[e]
    if e < layer.full + 2:
        constant = e - layer.full
        share = (layer.shares.weight[2 * constant : 2 * constant + 2] @ x).softmax(dim=0)
        return share[0] * x + share[1] * layer.constants[constant]
    return x  # copy; the zero expert never comes here


@pytest.mark.parametrize("experts", [4, 6])
@pytest.mark.parametrize("residual", [False, True])
def test_moepp(agree: Agree, experts: int, residual: bool) -> None:
    torch.manual_seed(0)
    layer = MoEPP(4, experts, residual).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(torch.randn_like(parameter))
    x = _tokens(3, 5, 4)
    before = torch.randn(3, 5, experts).double() if residual else None
    got, _ = layer(x, before)
    expected = _moepp_by_loops(layer, x, before)
    agree(got, expected, [x, *layer.parameters()])


def test_moepp_gates_are_two_and_the_zero_expert_has_none() -> None:
    gates = MoEPP.gates(torch.tensor([[3.0, 1.0, 0.0, 2.0], [0.0, 2.0, 1.0, -1.0]]))
    assert torch.equal(gates[0], torch.tensor([1.0, 0, 0, 0]))  # second best is the zero expert
    expected = torch.tensor([2.0, 1.0]).softmax(dim=0)
    assert torch.allclose(gates[1], torch.tensor([0, expected[0], expected[1], 0]))


def test_moepp_gates_where_the_zero_expert_has_everything() -> None:
    """A second probability that underflows leaves 0 / 0 to divide by."""
    logits = torch.tensor([[0.0, 0.0, 0.0, 200.0]], requires_grad=True)
    gates = MoEPP.gates(logits)
    assert gates.tolist() == [[0.0, 0.0, 0.0, 0.0]]
    gates.sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_feed_forward_experts_start_equal() -> None:
    layer = MoEPP(4, 7, False)
    assert all(torch.equal(layer.first[0], one) for one in layer.first)
