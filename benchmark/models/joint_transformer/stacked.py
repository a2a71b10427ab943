"""Several joint-token transformers at once, each with several modalities replaced in turn.

What the plain models give, computed with less: the passes of an expert share the first layer's
normalisation and its queries, keys and values, of which only the replaced modality's differ; scales
and shifts of a normalisation are folded into the map behind it; every run of dropouts is one
factor. Axes: g experts, B samples, K passes, T tokens, D width, h heads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    with torch.autocast(codes[0].device.type, enabled=False):
        given = [code.to(dtype) for code in codes]
        drawn = {m: one.to(dtype).split(size) for m, one in replaced.items()}
        positions = torch.stack([one.positions for one in experts]).to(dtype).split(size)
        layers = [
            _Weights.of([cast("TransformerLayer", one.layers[n]) for one in experts], dtype, size)
            for n in range(len(experts[0].layers))
        ]
        latent = torch.cat(
            [
                _latent(
                    [layer[n] for layer in layers],
                    given,
                    table,
                    observed,
                    {m: one[n] for m, one in drawn.items()},
                )
                for n, table in enumerate(positions)
            ]
        )
        return Fused(_heads(experts, latent), latent)


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


def _latent(
    layers: Sequence[_Weights],
    codes: Sequence[Tensor],
    positions: Tensor,
    observed: Tensor,
    replaced: Mapping[int, Tensor],
) -> Tensor:
    """Return what the heads of a group read, (g, K, B, M D)."""
    counts = [code.shape[1] for code in codes]
    base = torch.cat(list(codes), dim=1) + positions  # (g, B, T, D)
    spans, table = _spans(counts), positions.split(counts, dim=-2)
    changed = [
        (spans[m], torch.where(observed[:, m, None, None], one, codes[m]) + table[m])
        for m, one in replaced.items()
    ]
    keys = None if bool(observed.all()) else token_flags(observed, counts)
    tokens = _first_layer(base, changed, layers[0], keys)
    for layer in layers[1:]:
        tokens = _layer(tokens, layer, keys)
    means = torch.stack([one.mean(dim=-2) for one in tokens.split(counts, dim=-2)], dim=-2)
    latent = means * observed[:, None, :, None].to(means.dtype)  # (g, B, K, M, D)
    return latent.flatten(-2).transpose(1, 2)


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
    def of(layers: Sequence[TransformerLayer], dtype: torch.dtype, size: int) -> list[_Weights]:
        """Stack the same layer of every expert and cut the stack into groups of ``size``."""
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
        whole = _Weights(
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
        tensors = {name: one for name, one in vars(whole).items() if isinstance(one, Tensor)}
        cut = {name: one.split(size) for name, one in tensors.items()}
        return [
            replace(whole, **{name: parts[n] for name, parts in cut.items()})
            for n in range(len(cut["qkv"]))
        ]


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
    projected = _by_head(_linear(_norm(every), layer.qkv, layer.qkv_bias), layer.heads)
    parts = projected.split([base.shape[2], *(one.shape[2] for _, one in changed)], dim=-2)
    spans = [span for span, _ in changed]
    qkv = _passes(3, spans, *parts)
    # The doubled skip forgets a layer's input.
    tokens = base if layer.doubled else _passes(2, spans, base, *(one for _, one in changed))
    return _after_projection(tokens, qkv, layer, keys)


def _layer(tokens: Tensor, layer: _Weights, keys: Tensor | None) -> Tensor:
    """Transform (g, B, K, T, D)."""
    qkv = _by_head(_linear(_norm(tokens), layer.qkv, layer.qkv_bias), layer.heads)
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


def _by_head(qkv: Tensor, heads: int) -> Tensor:
    """View (g, B, ..., T, 3 D) as (3, g, B, ..., h, T, d)."""
    split: Tensor = qkv.unflatten(-1, (3, heads, -1))
    return split.movedim(-3, 0).transpose(-3, -2)


def _attend(qkv: Tensor, layer: _Weights, keys: Tensor | None) -> Tensor:
    """Attend within every pass: (3, g, B, K, h, T, d) -> (g, B, K, T, D)."""
    _, *outer, heads, count, each = qkv.shape
    query, key, value = qkv.reshape(3, -1, count, each).unbind(0)  # (g B K h, T, d)
    scores = torch.bmm(query, key.transpose(1, 2))
    if keys is not None:
        hidden = ~keys[None, :, None, None, None]  # over g, K, h and queries
        scores = scores.view(*outer, heads, count, count)
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min).view(-1, count, count)
    # In single precision at least, which is also the faster softmax on a CPU.
    wide = torch.promote_types(scores.dtype, torch.float32)
    weights = scores.softmax(dim=-1, dtype=wide).to(scores.dtype)
    if layer.p:
        weights = weights * dropout_mask(weights.shape, layer.p, weights)
    mixed = torch.bmm(weights, value).view(*outer, heads, count, each)
    return mixed.transpose(-3, -2).flatten(-2)


def _linear(tokens: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Map (g, ..., D) by (g, D, F)."""
    rows = tokens.reshape(len(tokens), -1, tokens.shape[-1])
    if len(rows) == 1:  # one product has faster kernels than a batch of one
        # Squeezing has a view for a gradient, indexing a tensor full of zeros.
        mapped = torch.addmm(bias.view(-1), rows.squeeze(0), weight.squeeze(0))
    else:
        mapped = torch.baddbmm(bias, rows, weight)
    return mapped.view(*tokens.shape[:-1], weight.shape[-1])


def _norm(tokens: Tensor) -> Tensor:
    return functional.layer_norm(tokens, tokens.shape[-1:])


def _spans(counts: Sequence[int]) -> list[slice]:
    ends = [sum(counts[: m + 1]) for m in range(len(counts))]
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _passes(axis: int, spans: Sequence[slice], base: Tensor, *changed: Tensor) -> Tensor:
    laid: Tensor = _Passes.apply(axis, spans, base, *changed)  # type: ignore[no-untyped-call]
    return laid


class _Passes(torch.autograd.Function):
    """Lay passes beside each other: (..., T, F) and (..., P, F) each -> (..., K, ..., T, F).

    By itself autograd would fill a tensor with zeros for every slice.
    """

    @staticmethod
    def forward(
        ctx: Any, axis: int, spans: Sequence[slice], base: Tensor, *changed: Tensor
    ) -> Tensor:
        """Copy; pass k + 1 along the new ``axis`` has ``changed[k]`` at ``spans[k]``."""
        ctx.axis, ctx.spans = axis, spans
        shape = (*base.shape[:axis], 1 + len(changed), *base.shape[axis:])
        passes = base.unsqueeze(axis).expand(shape).contiguous()
        for k, (span, one) in enumerate(zip(spans, changed, strict=True)):
            passes.select(axis, k + 1)[..., span, :] = one
        return passes

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Sum over the passes that share a token."""
        (grad,) = grads
        shared, own = grad.select(ctx.axis, 0).clone(), []
        for k, span in enumerate(ctx.spans):
            one = grad.select(ctx.axis, k + 1)
            own.append(one[..., span, :])
            for kept in (slice(span.start), slice(span.stop, None)):
                shared[..., kept, :] += one[..., kept, :]
        return (None, None, shared, *own)
