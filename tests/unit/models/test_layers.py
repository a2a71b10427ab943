"""Attention and transformer layer against plain loops in float64, gradients included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.errors import UsageError
from benchmark.models.layers.attention import SelfAttention
from benchmark.models.layers.transformer import Skip, TransformerLayer

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
B, T, D = 2, 4, 6


def _attention_by_loops(layer: SelfAttention, tokens: Tensor, keys: Tensor) -> Tensor:
    """softmax(QK'/sqrt(d))V, sample by sample, head by head, query by query."""
    query_weight = layer.query.weight
    key_weight, value_weight = layer.key_value.weight[:D], layer.key_value.weight[D:]
    d = D // layer.heads
    samples = []
    for b in range(tokens.shape[0]):
        rows = []
        for t in range(tokens.shape[1]):
            joined = []
            for h in range(layer.heads):
                own = slice(h * d, (h + 1) * d)
                q = query_weight[own] @ tokens[b, t]
                seen = [s for s in range(tokens.shape[1]) if keys[b, s]]
                dots = [(q * (key_weight[own] @ tokens[b, s])).sum() / math.sqrt(d) for s in seen]
                weights = torch.stack([dot.exp() for dot in dots])
                weights = weights / weights.sum()
                joined.append(
                    sum(
                        w * (value_weight[own] @ tokens[b, s])
                        for w, s in zip(weights, seen, strict=True)
                    )
                )
            rows.append(layer.output.weight @ torch.cat(joined) + layer.output.bias)
        samples.append(torch.stack(rows))
    return torch.stack(samples)


def _norm(layer: nn.LayerNorm, x: Tensor) -> Tensor:
    centred = x - x.sum(-1, keepdim=True) / D
    variance = (centred**2).sum(-1, keepdim=True) / D
    return centred / (variance + 1e-5).sqrt() * layer.weight + layer.bias


def _layer_by_loops(layer: TransformerLayer, x: Tensor, keys: Tensor) -> Tensor:
    a = _attention_by_loops(layer.attention, _norm(layer.attention_norm, x), keys)
    h = x + a if layer.skip == "residual" else 2 * a
    first, last = layer.feed_forward[0], layer.feed_forward[3]
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    inner = _norm(layer.feed_forward_norm, h) @ first.weight.T + first.bias
    gelu = inner * 0.5 * (1 + torch.erf(inner / math.sqrt(2)))
    return h + gelu @ last.weight.T + last.bias


def _gradients(module: nn.Module, output: Tensor, x: Tensor) -> list[Tensor]:
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).reshape(output.shape)
    found = torch.autograd.grad((output * weights).sum(), [x, *module.parameters()])
    return list(found)


def _inputs() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    x = torch.randn(B, T, D, dtype=torch.float64, requires_grad=True)
    return x, torch.tensor([[True, True, False, True], [False, True, True, False]])


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_attention(agree: Agree, heads: int) -> None:
    x, keys = _inputs()
    layer = SelfAttention(D, heads, dropout=0.5).double().eval()
    agree(layer(x, keys), _attention_by_loops(layer, x, keys), [x, *layer.parameters()])
    assert sum(one.numel() for one in layer.parameters()) == 4 * D**2 + D


@pytest.mark.parametrize("skip", ["residual", "doubled"])
def test_transformer_layer(agree: Agree, skip: Skip) -> None:
    x, keys = _inputs()
    layer = TransformerLayer(D, 2, dropout=0.5, skip=skip).double().eval()
    agree(layer(x, keys), _layer_by_loops(layer, x, keys), [x, *layer.parameters()])
    assert sum(one.numel() for one in layer.parameters()) == 8 * D**2 + 8 * D


def test_keys_that_are_masked_change_nothing_and_no_key_is_finite() -> None:
    x, keys = _inputs()
    layer = SelfAttention(D, 2, dropout=0.0).double()
    other = x.detach().clone()
    other[~keys] = 1e6
    got, again = layer(x, keys), layer(other, keys)
    assert torch.equal(got[keys], again[keys])
    nothing = layer(x, torch.zeros_like(keys))
    assert nothing.isfinite().all()
    assert all(one.isfinite().all() for one in _gradients(layer, nothing, x))


def test_dropout_acts_in_training_only() -> None:
    x, keys = _inputs()
    layer = TransformerLayer(D, 2, dropout=0.5, skip="residual").double()
    assert not torch.equal(layer(x, keys), layer(x, keys))
    layer.eval()
    assert torch.equal(layer(x, keys), layer(x, keys))


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(UsageError, match="4 heads do not divide a width of 6"):
        SelfAttention(D, 4, dropout=0.0)
