"""Shapes, parameter counts and padding of the encoders."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmark.core.batch import ModalityData
from benchmark.core.problem import Modality
from benchmark.models.encoders.config import MLPEncoderConfig, PatchEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.encoders.patch import PatchEncoder


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _vector(width: int) -> Modality:
    return Modality(name="a", kind="vector", shape=(width,))


def test_mlp_flattens_and_counts() -> None:
    modality = Modality(name="a", kind="image", shape=(1, 3, 4))
    encoder = MLPEncoder(modality, MLPEncoderConfig(width=5, hidden=(7, 6)))
    assert encoder(ModalityData(torch.randn(2, 1, 3, 4))).shape == (2, 5)
    assert _count(encoder) == (12 + 1) * 7 + (7 + 1) * 6 + (6 + 1) * 5
    assert (encoder.output, encoder.width, encoder.tokens) == ("vector", 5, 1)


def test_mlp_without_hidden_layers_is_linear() -> None:
    encoder = MLPEncoder(_vector(4), MLPEncoderConfig(width=3, hidden=()))
    x, y = torch.randn(2, 1, 4).unbind(0)
    zero = encoder(ModalityData(torch.zeros(1, 4)))
    both = encoder(ModalityData(x + y))
    assert torch.allclose(
        both + zero, encoder(ModalityData(x)) + encoder(ModalityData(y)), atol=1e-6
    )


@pytest.mark.parametrize(("values", "patches"), [(10, 4), (8, 4), (3, 8), (1, 1), (2172, 16)])
def test_patch_counts_and_shapes(values: int, patches: int) -> None:
    encoder = PatchEncoder(_vector(values), PatchEncoderConfig(width=6, patches=patches))
    size = -(-values // patches)
    assert _count(encoder) == (size + 1) * 6
    assert encoder(ModalityData(torch.randn(2, values))).shape == (2, patches, 6)
    assert encoder.tokens == patches


def test_patches_are_consecutive_padded_on_the_right_and_share_one_map() -> None:
    encoder = PatchEncoder(_vector(5), PatchEncoderConfig(width=2, patches=2))
    x = torch.arange(1.0, 6.0)
    tokens = encoder(ModalityData(x[None]))[0]
    assert torch.allclose(tokens[0], encoder.linear(x[:3]))
    assert torch.allclose(tokens[1], encoder.linear(torch.tensor([4.0, 5.0, 0.0])))
