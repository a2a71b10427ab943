"""Cross-modal layers against plain loops in float64; counts and missing modalities of mult."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import PatchEncoderConfig
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.layers.attention import CrossAttention
from benchmark.models.layers.crossmodal import (
    CrossmodalBlock,
    CrossmodalEncoder,
    Skip,
    sinusoids,
)
from benchmark.models.mult.config import MulTConfig
from benchmark.models.mult.model import MulT
from benchmark.training.strategies.plain import parameter_counts

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
B, T, S, D = 3, 3, 4, 6
#: The last sample's source is missing.
KEYS = torch.tensor([[True, True, False, True], [False, True, True, False], [False] * 4])


def _inputs() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    target = torch.randn(B, T, D, dtype=torch.float64, requires_grad=True)
    return target, torch.randn(B, S, D, dtype=torch.float64, requires_grad=True)


def _attention_by_loops(
    layer: CrossAttention, target: Tensor, source: Tensor, keys: Tensor
) -> Tensor:
    width = target.shape[2]
    d = width // layer.heads
    key_map, value_map = (
        (layer.key_value.weight[part], layer.key_value.bias[part])
        for part in (slice(0, width), slice(width, 2 * width))
    )
    out = torch.zeros_like(target)
    for b in range(target.shape[0]):
        seen = [s for s in range(source.shape[1]) if keys[b, s]]
        for t in range(target.shape[1]) if seen else ():
            query = layer.query.weight @ target[b, t] + layer.query.bias
            joined = []
            for h in range(layer.heads):
                own = slice(h * d, (h + 1) * d)
                key = [(key_map[0] @ source[b, s] + key_map[1])[own] for s in seen]
                value = [(value_map[0] @ source[b, s] + value_map[1])[own] for s in seen]
                weights = [((query[own] * k).sum() / math.sqrt(d)).exp() for k in key]
                total = torch.stack(weights).sum()
                mixed = [w / total * v for w, v in zip(weights, value, strict=True)]
                joined.append(torch.stack(mixed).sum(0))
            row = layer.output.weight @ torch.cat(joined) + layer.output.bias
            out = out.index_put((torch.tensor(b), torch.tensor(t)), row)
    return out


def _norm(layer: nn.LayerNorm, x: Tensor) -> Tensor:
    width = x.shape[-1]
    centred = x - x.sum(-1, keepdim=True) / width
    variance = (centred**2).sum(-1, keepdim=True) / width
    return centred / (variance + 1e-5).sqrt() * layer.weight + layer.bias


def _block_by_loops(block: CrossmodalBlock, z: Tensor, s: Tensor, keys: Tensor) -> Tensor:
    n = _norm(block.attention_norm, z)
    a = _attention_by_loops(block.attention, n, _norm(block.attention_norm, s), keys)
    h = a + n if block.skip == "normed" else a + z
    first, last = block.feed_forward[0], block.feed_forward[3]
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    u = _norm(block.feed_forward_norm, h)
    inner = u @ first.weight.T + first.bias
    f = (inner * (inner > 0)) @ last.weight.T + last.bias
    return f + u if block.skip == "normed" else f + h


def _positions(length: int, width: int) -> Tensor:
    table = torch.zeros(length, width, dtype=torch.float64)
    for t in range(length):
        for column in range(width):
            angle = t / 10000 ** (column // 2 * 2 / width)
            table[t, column] = math.cos(angle) if column % 2 else math.sin(angle)
    return table


def _scrambled(module: nn.Module) -> nn.Module:
    """Move parameters off their first values, where norms are plain and gradients may vanish."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module.double().eval()


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_cross_attention(agree: Agree, heads: int) -> None:
    target, source = _inputs()
    layer = CrossAttention(D, heads, dropout=0.5)
    _scrambled(layer)
    expected = _attention_by_loops(layer, target, source, KEYS)
    agree(layer(target, source, KEYS), expected, [target, source, *layer.parameters()])
    assert not layer(target, source, KEYS)[2].any()
    assert sum(one.numel() for one in layer.parameters()) == 4 * D**2 + 4 * D


@pytest.mark.parametrize("skip", ["normed", "plain"])
def test_crossmodal_block(agree: Agree, skip: Skip) -> None:
    target, source = _inputs()
    block = CrossmodalBlock(D, 2, dropout=0.5, skip=skip)
    _scrambled(block)
    expected = _block_by_loops(block, target, source, KEYS)
    agree(block(target, source, KEYS), expected, [target, source, *block.parameters()])
    assert sum(one.numel() for one in block.parameters()) == 12 * D**2 + 13 * D


@pytest.mark.parametrize("skip", ["normed", "plain"])
def test_crossmodal_encoder_reads_the_source_as_it_came_in(agree: Agree, skip: Skip) -> None:
    target, source = _inputs()
    encoder = CrossmodalEncoder(D, 2, 3, 0.5, 0.5, skip)
    _scrambled(encoder)
    z, s = target + _positions(T, D), source + _positions(S, D)
    for block in encoder.blocks:
        assert isinstance(block, CrossmodalBlock)
        z = _block_by_loops(block, z, s, KEYS)
    expected = _norm(encoder.norm, z)
    agree(encoder(target, source, KEYS), expected, [target, source, *encoder.parameters()])
    assert sum(one.numel() for one in encoder.parameters()) == 2 * (12 * D**2 + 13 * D) + 2 * D


def test_crossmodal_encoder_without_a_source_attends_to_itself(agree: Agree) -> None:
    target, _ = _inputs()
    encoder = CrossmodalEncoder(D, 2, 3, 0.5, 0.5, "normed")
    _scrambled(encoder)
    everything = torch.ones(B, T).bool()
    z = target + _positions(T, D)
    for block in encoder.blocks:
        assert isinstance(block, CrossmodalBlock)
        z = _block_by_loops(block, z, z, everything)
    got = encoder(target, None, everything)
    agree(got, _norm(encoder.norm, z), [target, *encoder.parameters()])


def test_masked_source_tokens_are_never_read() -> None:
    target, source = _inputs()
    encoder = CrossmodalEncoder(D, 1, 2, 0.0, 0.0, "normed").double()
    other = torch.where(KEYS[:, :, None], source, torch.full_like(source, 1e6))
    assert torch.equal(encoder(target, source, KEYS), encoder(target, other, KEYS))


@pytest.mark.parametrize("width", [1, 4, 5])
def test_sinusoids(width: int) -> None:
    like = torch.zeros((), dtype=torch.float64)
    assert torch.allclose(sinusoids((7, width), like), _positions(7, width), rtol=0, atol=1e-10)


def _model(modalities: int, patches: tuple[int, ...] = (3, 4, 2), **settings: object) -> MulT:
    component = Component(
        dataset="d",
        modalities=tuple(
            Modality(name=f"m{m}", kind="vector", shape=(8,)) for m in range(modalities)
        ),
        tasks=(Task(name="t", kind="multiclass", classes=tuple("abc")),),
    )
    encoders: dict[str, Encoder] = {
        one.name: PatchEncoder(one, PatchEncoderConfig(width=5, patches=patches[m]))
        for m, one in enumerate(component.modalities)
    }
    problem = Problem(components=(component,), outputs={"d/t": 3})
    small = {"width": 4, "heads": 2, "layers": 2, "self_layers": 1, **settings}
    return MulT(problem, encoders, MulTConfig.parse(small))


def _batch(modalities: int) -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = {
        f"m{m}": ModalityData(torch.randn(2, 8, generator=generator)) for m in range(modalities)
    }
    return Batch("d", inputs, torch.ones(2, modalities).bool(), {}, torch.arange(2))


def _encoder_count(width: int, layers: int) -> int:
    return layers * (12 * width**2 + 13 * width) + 2 * width


@pytest.mark.parametrize(("modalities", "itself"), [(3, False), (2, False), (2, True), (1, True)])
def test_parameters(modalities: int, itself: bool) -> None:
    count = parameter_counts(_model(modalities, self_pairs=itself))["fusion"]
    d, sources = 4, modalities - 1 + itself
    f = modalities * sources * d
    assert count == (
        modalities * 5 * d
        + modalities * sources * _encoder_count(d, 2)
        + modalities * _encoder_count(sources * d, 1)
        + 2 * (f**2 + f)
        + (f + 1) * 3
    )


@pytest.mark.parametrize("switch", [{"skip": "plain"}, {"scale": True}, {"pool": "mean"}])
def test_switches_share_weights_and_differ_in_output(switch: dict[str, object]) -> None:
    model, other = _model(2).eval(), _model(2, **switch).eval()
    other.load_state_dict(model.state_dict())
    assert not torch.allclose(model(_batch(2)).logits["t"], other(_batch(2)).logits["t"])


def test_missing_source_leaves_its_target_alone_and_missing_target_is_zero() -> None:
    """With m0 alone, y_0 comes from m0 passing its blocks without attention, y_1 is zero."""
    model, batch = _model(2, pool="mean").eval(), _batch(2)
    alone = replace(batch, observed=torch.tensor([[True, False]] * 2))
    z = model.project[0](model.encoder("m0")(batch.inputs["m0"]))
    one, everything = model.cross[0], torch.ones(2, 3).bool()
    assert model.pairs == [(0, 1), (1, 0)]
    joined = one(z, torch.zeros(2, 4, 4), torch.zeros(2, 4).bool())
    y = model.memory[0](joined, None, everything).mean(dim=1)
    u = torch.cat([y, torch.zeros_like(y)], dim=1)
    expected = model.heads(u + model.residual(u))["t"]
    assert torch.allclose(model(alone).logits["t"], expected, atol=1e-6)


def test_every_source_reaches_every_target() -> None:
    """A modality's own outputs move when any other modality moves, through its pair alone."""
    model, batch = _model(3).eval(), _batch(3)
    assert model.pairs == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    before = [model._target(batch, _tokens(model, batch), m) for m in range(3)]
    for moved in range(3):
        values = batch.inputs[f"m{moved}"].values + 1
        changed = replace(batch, inputs={**batch.inputs, f"m{moved}": ModalityData(values)})
        for m in range(3):
            after = model._target(changed, _tokens(model, changed), m)
            assert not torch.allclose(after, before[m], atol=1e-4)


def _tokens(model: MulT, batch: Batch) -> list[Tensor]:
    return [
        project(model.encode(batch, name))
        for project, name in zip(model.project, model.names, strict=True)
    ]


def test_one_modality_has_nothing_to_pair_with() -> None:
    with pytest.raises(UsageError, match="mult pairs modalities, and there is only one"):
        _model(1)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(UsageError, match="3 heads do not divide a width of 4"):
        _model(2, heads=3)
