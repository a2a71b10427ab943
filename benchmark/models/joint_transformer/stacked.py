"""Several joint-token transformers at once, each with several modalities replaced in turn.

What the plain models give, computed with less: the passes of an expert share the first layer's
normalisation and its queries, keys and values, of which only the replaced modality's differ; scales
and shifts of a normalisation are folded into the map behind it; every run of dropouts is one
factor. Axes: g experts, B samples, K passes, T tokens, D width, h heads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.models._fusion import Fused
from benchmark.models.layers.dropout_masks import dropout_mask
from benchmark.models.layers.tokens import token_flags

if TYPE_CHECKING:
    from benchmark.models.joint_transformer.model import JointTransformer
    from benchmark.models.layers.transformer import TransformerLayer

#: On a CPU experts are stacked while all their tokens fit in the cache; beyond that a product of
#: matrices is large enough by itself, and stacking only spreads memory.
CPU_STACKED_BYTES = 2**18


def fuse_stacked(
    experts: Sequence[JointTransformer],
    codes: Sequence[Tensor],
    observed: Tensor,
    replaced: Mapping[int, Tensor],
) -> Fused:
    """Fuse by several experts; see ``FusionModel.fuse_experts`` for arguments and result."""
    dtype = _working_dtype(codes[0], experts[0].positions)
    size = _group(len(experts), codes, 1 + len(replaced), dtype)
    parts = []
    with torch.autocast(codes[0].device.type, enabled=False):
        for start in range(0, len(experts), size):
            chosen = slice(start, start + size)
            drawn = {m: one[chosen].to(dtype) for m, one in replaced.items()}
            given = [code.to(dtype) for code in codes]
            parts.append(_fuse_group(experts[chosen], given, observed, drawn))
    return Fused(
        {task: torch.cat([one.logits[task] for one in parts]) for task in parts[0].logits},
        torch.cat([one.latent for one in parts]),
    )


def _working_dtype(code: Tensor, parameter: Tensor) -> torch.dtype:
    kind = code.device.type
    if torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return parameter.dtype


def _group(experts: int, codes: Sequence[Tensor], passes: int, dtype: torch.dtype) -> int:
    """Choose how many experts are stacked."""
    if codes[0].device.type != "cpu":
        return experts
    one = passes * sum(code.numel() for code in codes) * dtype.itemsize
    return max(1, min(experts, CPU_STACKED_BYTES // max(one, 1)))


def _fuse_group(
    experts: Sequence[JointTransformer],
    codes: Sequence[Tensor],
    observed: Tensor,
    replaced: Mapping[int, Tensor],
) -> Fused:
    first, dtype = experts[0], codes[0].dtype
    positions = torch.stack([one.positions for one in experts]).to(dtype)  # (g, 1, T, D)
    base = torch.cat(list(codes), dim=1) + positions  # (g, B, T, D)
    spans = _spans(first.counts)
    changed = [
        (
            spans[m],
            torch.where(observed[:, m, None, None], one, codes[m]) + _at(positions, spans[m]),
        )
        for m, one in replaced.items()
    ]
    keys = None if bool(observed.all()) else token_flags(observed, first.counts)
    layers = [
        _Weights.of([cast("TransformerLayer", one.layers[index]) for one in experts], dtype)
        for index in range(len(first.layers))
    ]
    tokens = _first_layer(base, changed, layers[0], keys)
    for layer in layers[1:]:
        tokens = _layer(tokens, layer, keys)
    means = torch.stack([_at(tokens, span).mean(dim=-2) for span in spans], dim=-2)
    latent = means * observed[:, None, :, None].to(dtype)  # (g, B, K, M, D)
    latent = latent.flatten(-2).transpose(1, 2)  # (g, K, B, M D)
    return Fused(_heads(experts, latent), latent)


def _heads(experts: Sequence[JointTransformer], latent: Tensor) -> dict[str, Tensor]:
    rows, logits = latent.flatten(1, 2), {}
    for t, task in enumerate(experts[0].heads.outputs):
        linear = [cast("nn.Linear", one.heads.linear[t]) for one in experts]
        weight = torch.stack([one.weight for one in linear]).to(latent.dtype)
        bias = torch.stack([one.bias for one in linear]).to(latent.dtype)
        mapped = torch.baddbmm(bias[:, None], rows, weight.transpose(1, 2))
        logits[task] = mapped.unflatten(1, latent.shape[1:3])
    return logits


@dataclass(frozen=True)
class _Weights:
    """One layer's weights of g experts, normalisations folded in.

    Attributes:
        qkv: (g, D, 3 D); queries are scaled already.
        qkv_bias: (g, 1, 3 D).
        out: (g, D, D).
        out_bias: (g, 1, D).
        inner: (g, D, 2 D).
        inner_bias: (g, 1, 2 D).
        outer: (g, 2 D, D).
        outer_bias: (g, 1, D).
        heads: h.
        p: Dropout, 0 in evaluation.
        doubled: Whether the attention output skips to itself.
    """

    qkv: Tensor
    qkv_bias: Tensor
    out: Tensor
    out_bias: Tensor
    inner: Tensor
    inner_bias: Tensor
    outer: Tensor
    outer_bias: Tensor
    heads: int
    p: float
    doubled: bool

    @staticmethod
    def of(layers: Sequence[TransformerLayer], dtype: torch.dtype) -> _Weights:
        """Stack the same layer of every expert."""
        attention = layers[0].attention
        width = attention.query.in_features
        scale = (width // attention.heads) ** -0.5

        def stacked(path: str) -> Tensor:
            return torch.stack([one.get_parameter(path) for one in layers])

        def folded(weight: Tensor, norm: str, bias: Tensor | None) -> tuple[Tensor, Tensor]:
            """``W (s x + t) + b = (W s) x + (W t + b)``."""
            shift = torch.bmm(weight, stacked(f"{norm}.bias")[:, :, None]).transpose(1, 2)
            moved = shift if bias is None else shift + bias[:, None]
            scaled = weight * stacked(f"{norm}.weight")[:, None]
            return scaled.transpose(1, 2).to(dtype), moved.to(dtype)

        query = stacked("attention.query.weight") * scale
        qkv = torch.cat([query, stacked("attention.key_value.weight")], dim=1)
        qkv, qkv_bias = folded(qkv, "attention_norm", None)
        inner, inner_bias = folded(
            stacked("feed_forward.0.weight"), "feed_forward_norm", stacked("feed_forward.0.bias")
        )
        return _Weights(
            qkv=qkv,
            qkv_bias=qkv_bias,
            out=stacked("attention.output.weight").transpose(1, 2).to(dtype),
            out_bias=stacked("attention.output.bias")[:, None].to(dtype),
            inner=inner,
            inner_bias=inner_bias,
            outer=stacked("feed_forward.3.weight").transpose(1, 2).to(dtype),
            outer_bias=stacked("feed_forward.3.bias")[:, None].to(dtype),
            heads=attention.heads,
            p=layers[0].dropout.p if layers[0].training else 0.0,
            doubled=layers[0].skip == "doubled",
        )


def _first_layer(
    base: Tensor,
    changed: Sequence[tuple[slice, Tensor]],
    layer: _Weights,
    keys: Tensor | None,
) -> Tensor:
    """Return (g, B, K, T, D) from tokens (g, B, T, D) and the replaced modalities'."""
    if not changed:
        return _layer(base[:, :, None], layer, keys)
    every = torch.cat([base, *(one for _, one in changed)], dim=2)
    projected = _linear(_norm(every), layer.qkv, layer.qkv_bias)  # (g, B, T + sum P, 3 D)
    parts = projected.split([base.shape[2], *(one.shape[2] for _, one in changed)], dim=2)
    spans = [span for span, _ in changed]
    qkv = _passes(spans, parts[0], *parts[1:])
    # The doubled skip forgets a layer's input.
    tokens = base if layer.doubled else _passes(spans, base, *(one for _, one in changed))
    return _after_projection(tokens, qkv, layer, keys)


def _layer(tokens: Tensor, layer: _Weights, keys: Tensor | None) -> Tensor:
    """Transform (g, B, K, T, D)."""
    qkv = _linear(_norm(tokens), layer.qkv, layer.qkv_bias)
    return _after_projection(tokens, qkv, layer, keys)


def _after_projection(tokens: Tensor, qkv: Tensor, layer: _Weights, keys: Tensor | None) -> Tensor:
    attended = _linear(_attend(qkv, layer, keys), layer.out, layer.out_bias)
    if layer.doubled:
        hidden = attended * _factor(attended, layer.p, "doubled")
    else:
        hidden = _add(tokens, attended, layer.p, "twice")
    inner = functional.gelu(_linear(_norm(hidden), layer.inner, layer.inner_bias))
    if layer.p:
        # The derivative of GELU needs its input, so its output may be overwritten.
        inner = inner.mul_(dropout_mask(inner.shape, layer.p, inner))
    return _add(hidden, _linear(inner, layer.outer, layer.outer_bias), layer.p, "once")


def _factor(like: Tensor, p: float, kind: Any) -> Tensor | float:
    if p:
        return dropout_mask(like.shape, p, like, kind)
    return 2.0 if kind == "doubled" else 1.0


def _add(tokens: Tensor, update: Tensor, p: float, kind: Any) -> Tensor:
    """``tokens + dropout(update)``."""
    if not p:
        return tokens + update
    return torch.addcmul(tokens, update, dropout_mask(update.shape, p, update, kind))


def _attend(qkv: Tensor, layer: _Weights, keys: Tensor | None) -> Tensor:
    """Attend within every pass: (g, B, K, T, 3 D) -> (g, B, K, T, D)."""
    *outer, tokens, triple = qkv.shape
    heads, each = layer.heads, triple // 3 // layer.heads
    split = qkv.reshape(-1, tokens, 3, heads, each).permute(2, 0, 3, 1, 4)
    query, key, value = split.reshape(3, -1, tokens, each).unbind(0)  # (g B K h, T, d)
    scores = torch.bmm(query, key.transpose(1, 2))
    if keys is not None:
        hidden = ~keys[None, :, None, None, None]  # over g, K, h and queries
        scores = scores.view(outer[0], outer[1], -1, heads, tokens, tokens)
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min).view(-1, tokens, tokens)
    weights = scores.softmax(dim=-1)
    if layer.p:
        weights = weights * dropout_mask(weights.shape, layer.p, weights)
    mixed = torch.bmm(weights, value).view(-1, heads, tokens, each).transpose(1, 2)
    return mixed.reshape(*outer, tokens, heads * each)


def _linear(tokens: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Map (g, ..., D) by (g, D, F)."""
    rows = tokens.reshape(len(tokens), -1, tokens.shape[-1])
    if len(rows) == 1:  # one product has faster kernels than a batch of one
        mapped = torch.addmm(bias[0, 0], rows[0], weight[0])
    else:
        mapped = torch.baddbmm(bias, rows, weight)
    return mapped.view(*tokens.shape[:-1], weight.shape[-1])


def _norm(tokens: Tensor) -> Tensor:
    return functional.layer_norm(tokens, tokens.shape[-1:])


def _spans(counts: Sequence[int]) -> list[slice]:
    ends = [sum(counts[: m + 1]) for m in range(len(counts))]
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _at(tokens: Tensor, span: slice) -> Tensor:
    """Take a modality's tokens of (..., T, D)."""
    return tokens[..., span, :]


def _passes(spans: Sequence[slice], base: Tensor, *changed: Tensor) -> Tensor:
    laid: Tensor = _Passes.apply(spans, base, *changed)  # type: ignore[no-untyped-call]
    return laid


class _Passes(torch.autograd.Function):
    """Lay passes beside each other: (g, B, T, F) and (g, B, P, F) each -> (g, B, K, T, F).

    By itself autograd would fill a tensor with zeros for every slice; here one sum gives the
    gradient of what all passes share.
    """

    @staticmethod
    def forward(ctx: Any, spans: Sequence[slice], base: Tensor, *changed: Tensor) -> Tensor:
        """Copy; pass k + 1 has ``changed[k]`` at ``spans[k]``."""
        ctx.spans = spans
        shape = (*base.shape[:2], 1 + len(changed), *base.shape[2:])
        passes = base[:, :, None].expand(shape).contiguous()
        for k, (span, one) in enumerate(zip(spans, changed, strict=True)):
            passes[:, :, k + 1, span] = one
        return passes

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Sum over the passes that share a token."""
        (grad,) = grads
        own = [grad[:, :, k + 1, span] for k, span in enumerate(ctx.spans)]
        shared = grad.sum(dim=2)
        for span, one in zip(ctx.spans, own, strict=True):
            shared[:, :, span] -= one
        return (None, shared, *own)
