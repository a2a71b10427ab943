"""Encoders with a body of their own: printed parameter counts, both outputs, edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.cnn3d import CNN3DEncoder
from benchmark.models.encoders.config import CNN3DEncoderConfig, GRUEncoderConfig
from benchmark.models.encoders.gru import GRUEncoder
from benchmark.models.layers.batch_norm import VectorBatchNorm
from benchmark.models.layers.maxout import Maxout
from benchmark.models.layers.patches import PatchEmbedding

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
ADNI = Modality(name="image", kind="volume", shape=(91, 109, 91))


def _build(name: str, modality: Modality, output: str, **settings: Any) -> Encoder:
    config = ENCODERS.config(name).parse(settings)
    encoder: Encoder = ENCODERS.load(name)(modality, config, output=output)
    return encoder


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("width", "printed"), [(128, 1_448_352), (256, 3_660_448)])
def test_cnn3d_parameters(width: int, printed: int) -> None:
    assert _count(_build("cnn3d", ADNI, "vector", width=width)) == printed
    assert printed == 415_904 + 3_458 * width + 36 * width**2
    tokens = _build("cnn3d", ADNI, "tokens", width=width, patches=12)
    assert _count(tokens) == printed + (-(-width // 12) + 1) * width


@pytest.mark.parametrize(("features", "printed"), [(20, 213_504), (5, 201_984), (300, 428_544)])
def test_gru_parameters(features: int, printed: int) -> None:
    modality = Modality(name="audio", kind="sequence", shape=(50, features))
    tokens = _build("gru", modality, "tokens", width=128, patches=4)
    assert _count(tokens) == printed + (64 + 1) * 128
    assert _count(_build("gru", modality, "vector", width=64)) == 3 * (features * 64 + 64**2 + 128)


@pytest.mark.parametrize(
    ("values", "hidden", "printed"),
    [(300, (512, 512), 836_184), (4096, (1024, 512), 9_451_520)],
)
def test_maxout_parameters(values: int, hidden: tuple[int, int], printed: int) -> None:
    modality = Modality(name="x", kind="vector", shape=(values,))
    tokens = _build("maxout", modality, "tokens", width=256, patches=8, hidden=list(hidden))
    assert _count(tokens) == printed + (64 + 1) * 256
    vector = _build("maxout", modality, "vector", width=256, hidden=list(hidden))
    assert _count(vector) == printed + (512 + 1) * 256


@pytest.mark.parametrize(
    ("name", "modality"),
    [
        ("cnn3d", Modality(name="v", kind="volume", shape=(24, 25, 48))),
        ("cnn3d", Modality(name="v", kind="volume", shape=(2, 24, 24, 24))),
        ("gru", Modality(name="s", kind="sequence", shape=(6, 4))),
        ("maxout", Modality(name="x", kind="vector", shape=(7,))),
    ],
    ids=["volume", "channels", "sequence", "vector"],
)
@pytest.mark.parametrize("output", ["vector", "tokens"])
def test_shapes_and_gradients(name: str, modality: Modality, output: str) -> None:
    encoder = _build(name, modality, output, width=10, patches=3)
    for size in (1, 2):
        encoded = encoder(ModalityData(torch.randn(size, *modality.shape)))
        assert encoded.shape == ((size, 10) if output == "vector" else (size, 3, 10))
    assert (encoder.output, encoder.width) == (output, 10)
    assert encoder.tokens == (1 if output == "vector" else 3)
    encoded.square().sum().backward()
    assert all(one.grad is not None for one in encoder.parameters())


def _gru_by_loops(gru: nn.GRU, steps: Tensor) -> Tensor:
    """Equations 5-8 of Cho et al. with torch's reset gate, step by step; h_0 = 0."""
    h = torch.zeros(gru.hidden_size, dtype=steps.dtype)
    for x in steps:
        given = gru.weight_ih_l0 @ x + gru.bias_ih_l0
        kept = gru.weight_hh_l0 @ h + gru.bias_hh_l0
        (gr, gz, gn), (kr, kz, kn) = given.chunk(3), kept.chunk(3)
        r, z = (gr + kr).sigmoid(), (gz + kz).sigmoid()
        h = (1 - z) * (gn + r * kn).tanh() + z * h
    return h


def test_gru_stops_at_each_samples_length(agree: Agree) -> None:
    torch.manual_seed(0)
    modality = Modality(name="s", kind="sequence", shape=(5, 3))
    encoder = GRUEncoder(modality, GRUEncoderConfig(width=4), "vector").double()
    x = torch.randn(3, 5, 3, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([5, 2, 0])
    got = encoder(ModalityData(x, lengths=lengths))
    rows = [_gru_by_loops(encoder.gru, one[:n]) for one, n in zip(x, lengths, strict=True)]
    agree(got, torch.stack(rows), [x, *encoder.gru.parameters()])


def test_maxout_is_the_largest_of_its_pieces(agree: Agree) -> None:
    torch.manual_seed(0)
    layer = Maxout(3, 2, 4).double()
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    weight, bias = layer.linear.weight.unflatten(0, (2, 4)), layer.linear.bias.unflatten(0, (2, 4))
    rows = [
        torch.stack([torch.stack([w @ one + b for w, b in zip(*unit, strict=True)]).max()])
        for one in x
        for unit in zip(weight, bias, strict=True)
    ]
    agree(layer(x), torch.cat(rows).unflatten(0, (5, 2)), [x, *layer.parameters()])


def test_patches_are_consecutive_and_filled_with_zeros() -> None:
    layer = PatchEmbedding(5, 2, 3)
    x = torch.arange(1.0, 6.0)
    tokens = layer(x[None])[0]
    assert torch.allclose(tokens[0], layer.linear(x[:3]))
    assert torch.allclose(tokens[1], layer.linear(torch.tensor([4.0, 5.0, 0.0])))


def test_a_batch_of_one_takes_the_running_statistics() -> None:
    norm = VectorBatchNorm(3)
    norm(torch.randn(8, 3) + 2)
    one = torch.randn(1, 3)
    mean = norm.running_mean
    assert mean is not None
    before = mean.clone()
    trained = norm(one)
    assert torch.equal(mean, before)
    assert torch.equal(trained, norm.eval()(one))


@pytest.mark.parametrize("shape", [(23, 24, 24), (24, 24), (7,)])
def test_cnn3d_refuses_what_pooling_leaves_nothing_of(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=rf"at least 24 voxels .* 'v' has shape \({shape[0]}"):
        CNN3DEncoder(Modality(name="v", kind="volume", shape=shape), CNN3DEncoderConfig())


def test_gru_refuses_vectors() -> None:
    with pytest.raises(UsageError, match=r"modality 'x' has shape \(7,\)"):
        GRUEncoder(Modality(name="x", kind="vector", shape=(7,)), GRUEncoderConfig())
