"""Soft mixtures of experts against plain loops in float64, gradients included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from benchmark.models.layers.attention import FusedSelfAttention
from benchmark.models.layers.experts import Experts
from benchmark.models.layers.msoe import MSoEBlock, MSoEStack
from benchmark.models.layers.mtoe import MToE, MToEBlock, TaskMoE
from benchmark.models.layers.soft_moe import SoftMoE, SoftRouter

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
B, L, D, N, P, H = 2, 5, 6, 3, 2, 4
MASK = torch.tensor([[True, True, False, True, True], [False, True, True, False, False]])


def _tokens() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(B, L, D, dtype=torch.float64, requires_grad=True)


def _moved(module: nn.Module) -> nn.Module:
    """Move every parameter, so that neither biases of 0 nor a scale of 1 hide a mistake."""
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module


def _expert(experts: Experts, a: int, u: Tensor) -> Tensor:
    inner = u @ experts.inner[a] + experts.inner_bias[a, 0]
    gelu = inner * 0.5 * (1 + torch.erf(inner / math.sqrt(2)))
    return gelu @ experts.outer[a] + experts.outer_bias[a, 0]


def _unit(x: Tensor) -> Tensor:
    return x / (x * x).sum().sqrt()


def _weights(
    router: SoftRouter, x: Tensor, seen: list[int]
) -> tuple[dict[tuple[int, int, int], Tensor], dict[tuple[int, int, int], Tensor]]:
    """D and C of one sample by (j, a, b), token by token and slot by slot."""
    n, p = router.phi.shape[1:]
    slots = [(a, b) for a in range(n) for b in range(p)]
    exps = {
        (j, a, b): (_unit(x[j]) @ (router.scale * _unit(router.phi[:, a, b]))).exp()
        for j in seen
        for a, b in slots
    }
    dispatch = {
        (j, a, b): exps[j, a, b] / sum(exps[i, a, b] for i in seen) for j in seen for a, b in slots
    }
    combine = {
        (j, a, b): exps[j, a, b] / sum(exps[j, c, d] for c, d in slots)
        for j in seen
        for a, b in slots
    }
    return dispatch, combine


def _slot(
    dispatch: dict[tuple[int, int, int], Tensor], x: Tensor, seen: list[int], normalize: bool
) -> Callable[[int, int], Tensor]:
    def of(a: int, b: int) -> Tensor:
        total = torch.zeros(D, dtype=x.dtype)
        for j in seen:
            total = total + dispatch[j, a, b] * (_unit(x[j]) if normalize else x[j])
        return total

    return of


def _soft_moe_by_loops(layer: SoftMoE, tokens: Tensor, mask: Tensor) -> Tensor:
    samples = []
    n, p = layer.router.phi.shape[1:]
    for x, flags in zip(tokens, mask, strict=True):
        seen = [j for j in range(L) if flags[j]]
        dispatch, combine = _weights(layer.router, x, seen)
        slot = _slot(dispatch, x, seen, layer.normalize_slot_inputs)
        v = {(a, b): _expert(layer.experts, a, slot(a, b)) for a in range(n) for b in range(p)}
        rows = [
            sum((combine[j, a, b] * v[a, b] for a, b in v), torch.zeros(D, dtype=x.dtype))
            if j in seen
            else torch.zeros(D, dtype=x.dtype)
            for j in range(L)
        ]
        samples.append(torch.stack(rows))
    return torch.stack(samples)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_soft_moe(agree: Agree, normalize: bool, masked: bool) -> None:
    x = _tokens()
    layer = _moved(SoftMoE(D, N, P, H, normalize))
    assert isinstance(layer, SoftMoE)
    mask = MASK if masked else torch.ones(B, L, dtype=torch.bool)
    expected = _soft_moe_by_loops(layer, x, mask)
    agree(layer(x, MASK if masked else None), expected, [x, *layer.parameters()])


def _task_moe_by_loops(layer: TaskMoE, tokens: Tensor, mask: Tensor, skip: Tensor) -> Tensor:
    """Y, (B, T, L, D); skip alone where a token takes no part."""
    n, tasks = layer.router.phi.shape[1:]
    samples = []
    for x, flags, h in zip(tokens, mask, skip, strict=True):
        seen = [j for j in range(L) if flags[j]]
        dispatch, combine = _weights(layer.router, x, seen)
        slot = _slot(dispatch, x, seen, layer.normalize_slot_inputs)
        outputs = []
        for t in range(tasks):
            v = [_expert(layer.experts, a, slot(a, t) + layer.vectors[t]) for a in range(n)]
            rows = []
            for j in range(L):
                y = h[j]
                if j in seen:
                    for a in range(n):
                        y = y + combine[j, a, t] * v[a]
                rows.append(y)
            outputs.append(torch.stack(rows))
        samples.append(torch.stack(outputs))
    return torch.stack(samples)


@pytest.mark.parametrize("normalize", [True, False])
def test_task_moe(agree: Agree, normalize: bool) -> None:
    x, skip = _tokens(), torch.randn(B, L, D, dtype=torch.float64, requires_grad=True)
    layer = _moved(TaskMoE(D, 3, N, H, normalize))
    assert isinstance(layer, TaskMoE)
    expected = _task_moe_by_loops(layer, x, MASK, skip)
    agree(layer(x, MASK, skip).each(), expected, [x, skip, *layer.parameters()])


def test_views_of_task_tokens_agree() -> None:
    x = _tokens()
    layer = _moved(TaskMoE(D, 3, N, H))
    for mask, skip in ((MASK, x), (MASK, None), (None, x), (None, None)):
        found = layer(x, mask, skip)
        each = found.each()
        assert torch.allclose(torch.stack([found.of(t) for t in range(3)], dim=1), each)
        base = torch.zeros_like(x) if skip is None else skip
        assert torch.allclose(found.together(), base + (each - base[:, None]).sum(dim=1))
        seen = torch.ones(B, L, dtype=torch.bool) if mask is None else mask
        mean = torch.stack([each[b][:, seen[b]].mean(dim=1) for b in range(B)])
        assert torch.allclose(found.pooled(), mean)


def test_one_token_goes_everywhere_by_hand() -> None:
    """With one token every slot holds it, and C weighs the experts by softmax(s cos)."""
    layer = SoftMoE(2, experts=2, slots=1, hidden=1, normalize_slot_inputs=False).double()
    with torch.no_grad():
        layer.router.phi.copy_(torch.tensor([[[3.0], [0.0]], [[0.0], [7.0]]]))
        layer.router.scale.fill_(math.log(3.0))
        for parameter in layer.experts.parameters():
            parameter.zero_()
        layer.experts.outer_bias.copy_(torch.tensor([[[4.0, 0.0]], [[0.0, 8.0]]]))
    found = layer(torch.tensor([[[5.0, 0.0]]], dtype=torch.float64))
    # Logits log 3 and 0: C = 3/4 and 1/4.
    assert torch.allclose(found, torch.tensor([[[3.0, 2.0]]], dtype=torch.float64))


def test_weights_are_shares() -> None:
    router = SoftRouter(D, N, P).double()
    routing = router(_tokens(), MASK)
    ones = torch.ones(B, N, P, dtype=torch.float64)
    assert torch.allclose(routing.dispatch.sum(dim=1), ones)
    assert torch.allclose(routing.combine.sum(dim=(2, 3)), MASK.double())


def test_what_takes_no_part_is_as_if_it_were_not_there() -> None:
    x = _tokens()
    for layer in (_moved(MSoEBlock(D, N, P, 2, H)), _moved(MToEBlock(D, P, N, 2, H))):
        outputs = []
        for tokens, mask in ((x, MASK), (x[:, MASK[0]], None)):
            found = layer(tokens[:1], None if mask is None else mask[:1])
            outputs.append(found if isinstance(found, Tensor) else found.of(1))
        assert torch.allclose(outputs[0][0, MASK[0]], outputs[1][0])


def test_without_any_token_nothing_is_wild() -> None:
    x = torch.zeros(B, L, D, requires_grad=True)
    none = torch.zeros(B, L, dtype=torch.bool)
    stack = MToE(2, D, 3, N, 2, H)
    outputs = stack(MSoEBlock(D, N, P, 2, H)(x, none), none)
    total = outputs[-1].pooled().sum() + outputs[-1].each().sum()
    total = total + sum(one.probabilities().sum() for one in outputs)
    total.backward()
    assert not outputs[-1].pooled().any()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert all(one.grad is None or one.grad.isfinite().all() for one in stack.parameters())


def test_a_stack_keeps_tasks_apart_at_its_end_only() -> None:
    x = _tokens()
    stack = _moved(MToE(2, D, 3, N, 2, H, residual=False))
    assert isinstance(stack, MToE)
    first, last = stack.blocks
    middle = first(x, MASK)
    assert middle.skip is not None
    expected = last(middle.together(), MASK)
    assert expected.skip is None
    assert torch.equal(stack(x, MASK)[1].each(), expected.each())


def _attention_by_loops(layer: FusedSelfAttention, tokens: Tensor, mask: Tensor) -> Tensor:
    """Head by head, query by query, over the keys that may be attended to."""
    weights = layer.query_key_value.weight.chunk(3)
    biases = layer.query_key_value.bias.chunk(3)
    d = D // layer.heads
    rows = []
    for x, flags in zip(tokens, mask, strict=True):
        q, k, v = (x @ w.T + c for w, c in zip(weights, biases, strict=True))
        seen = [j for j in range(L) if flags[j]]
        for j in range(L):
            joined = []
            for own in (slice(h * d, h * d + d) for h in range(layer.heads)):
                exps = [((q[j, own] * k[i, own]).sum() / math.sqrt(d)).exp() for i in seen]
                parts = [e * v[i, own] for e, i in zip(exps, seen, strict=True)]
                joined.append(sum(parts[1:], parts[0]) / sum(exps))
            rows.append(layer.output.weight @ torch.cat(joined) + layer.output.bias)
    return torch.stack(rows).view(tokens.shape)


def _norm(layer: nn.LayerNorm, x: Tensor) -> Tensor:
    centred = x - x.sum(-1, keepdim=True) / D
    variance = (centred**2).sum(-1, keepdim=True) / D
    return centred / (variance + 1e-5).sqrt() * layer.weight + layer.bias


def test_fused_attention(agree: Agree) -> None:
    x = _tokens()
    layer = _moved(FusedSelfAttention(D, 2))
    assert isinstance(layer, FusedSelfAttention)
    agree(layer(x, MASK), _attention_by_loops(layer, x, MASK), [x, *layer.parameters()])


def _attended(block: MSoEBlock | MToEBlock, x: Tensor, mask: Tensor) -> Tensor:
    return x + _attention_by_loops(block.attention, _norm(block.attention_norm, x), mask)


@pytest.mark.parametrize("masked", [True, False])
def test_msoe(agree: Agree, masked: bool) -> None:
    """Two blocks: h = x + Attn(LN1 x), y = h + SoftMoE(LN2 h)."""
    x, mask = _tokens(), MASK if masked else torch.ones(B, L, dtype=torch.bool)
    stack = _moved(MSoEStack(2, D, N, P, 2, H))
    assert isinstance(stack, MSoEStack)
    y = x
    for block in stack.blocks:
        h = _attended(block, y, mask)
        y = h + _soft_moe_by_loops(block.moe, _norm(block.moe_norm, h), mask)
    agree(stack(x, MASK if masked else None), y, [x, *stack.parameters()])


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("residual", [True, False])
def test_mtoe(agree: Agree, masked: bool, residual: bool) -> None:
    """A block that sums its tasks, then h = x + Attn(LN1 x), Y_t = h + TaskMoE_t(LN2 h)."""
    x, mask = _tokens(), MASK if masked else torch.ones(B, L, dtype=torch.bool)
    stack = _moved(MToE(2, D, 3, N, 2, H, residual))
    assert isinstance(stack, MToE)
    first, last = stack.blocks
    nothing = torch.zeros_like(x)
    h = _attended(first, x, mask)
    each = _task_moe_by_loops(first.moe, _norm(first.moe_norm, h), mask, nothing)
    h = _attended(last, h + each[:, 0] + each[:, 1] + each[:, 2], mask)
    skip = h if residual else nothing
    expected = _task_moe_by_loops(last.moe, _norm(last.moe_norm, h), mask, skip)
    found = stack(x, MASK if masked else None)[-1]
    agree(found.each(), expected, [x, *stack.parameters()])
    means = [expected[b, :, mask[b]].sum(dim=1) / mask[b].sum() for b in range(B)]
    assert torch.allclose(found.pooled(), torch.stack(means), rtol=0, atol=1e-10)


def _count(module: nn.Module) -> int:
    return sum(one.numel() for one in module.parameters())


def test_sizes_of_the_paper() -> None:
    """Expert 768-3072-768 and attention of width 768, as counted in a vision transformer."""
    with torch.device("meta"):
        block = MSoEBlock(768, 32, 1, 8, 3072)
        task = MToEBlock(768, 7, 128, 8, 3072)
    assert _count(block.moe.experts) == 32 * 4_722_432
    assert _count(block.attention) == 2_362_368
    assert _count(block) == 4 * 768**2 + 8 * 768 + 32 * 4_722_432 + 768 * 32 + 1
    routing = 768 * 128 * 7 + 1 + 7 * 768
    assert _count(task) == 4 * 768**2 + 8 * 768 + 128 * 4_722_432 + routing


def test_fresh_experts_are_drawn_like_linear_layers() -> None:
    torch.manual_seed(0)
    experts = Experts(4, 100, 25)
    assert experts.inner.abs().max() <= 0.1
    assert experts.outer.abs().max() <= 0.2
    assert experts.inner.std().item() == pytest.approx(0.1 / math.sqrt(3), rel=0.03)
    assert experts.outer.std().item() == pytest.approx(0.2 / math.sqrt(3), rel=0.03)
