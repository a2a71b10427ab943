"""Shapes, parameter counts and padding of the encoders."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models.encoders.config import (
    MLPEncoderConfig,
    PatchEncoderConfig,
    TextVectorEncoderConfig,
)
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.encoders.text_vector import TextVectorEncoder

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]


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
    assert torch.allclose(tokens[0], encoder.embedding.linear(x[:3]))
    assert torch.allclose(tokens[1], encoder.embedding.linear(torch.tensor([4.0, 5.0, 0.0])))


def _text_by_loops(encoder: TextVectorEncoder, x: Tensor) -> Tensor:
    """W2 tanh(W1 LN(x) + b1) + b2, sample by sample, unit by unit."""
    norm, _, (first, _, _, last) = encoder.layers
    rows = []
    for sample in x:
        mean = sum(sample) / len(sample)
        variance = sum((one - mean) ** 2 for one in sample) / len(sample)
        normed = (sample - mean) / (variance + 1e-5).sqrt() * norm.weight + norm.bias
        inner = torch.stack(
            [((w * normed).sum() + b).tanh() for w, b in zip(first.weight, first.bias, strict=True)]
        )
        rows.append(last.weight @ inner + last.bias)
    return torch.stack(rows)


def test_text_vector(agree: Agree) -> None:
    config = TextVectorEncoderConfig(width=3, hidden=(4,), activation="tanh", input_dropout=0.5)
    encoder = TextVectorEncoder(_vector(5), config).double().eval()
    torch.manual_seed(0)
    for parameter in encoder.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    got, expected = encoder(ModalityData(x)), _text_by_loops(encoder, x)
    agree(got, expected, [x, *encoder.parameters()])
    assert _count(encoder) == 2 * 5 + (5 + 1) * 4 + (4 + 1) * 3
    assert (encoder.output, encoder.width, encoder.tokens) == ("vector", 3, 1)


def test_text_vector_forgets_the_length_of_the_vector_and_drops_in_training_only() -> None:
    encoder = TextVectorEncoder(_vector(50), TextVectorEncoderConfig(input_dropout=0.5))
    x = torch.randn(3, 50)
    assert not torch.equal(encoder(ModalityData(x)), encoder(ModalityData(x)))
    encoder.eval()
    assert torch.allclose(encoder(ModalityData(x)), encoder(ModalityData(7 * x)), atol=1e-4)


def test_text_vector_refuses_sequences() -> None:
    modality = Modality(name="note", kind="text", shape=(50, 300))
    with pytest.raises(UsageError, match=r"modality 'note' has shape \(50, 300\)"):
        TextVectorEncoder(modality, TextVectorEncoderConfig())


@pytest.mark.parametrize("values", [10, 20_000])
def test_mlp_starts_alike_whatever_the_number_of_features(values: int) -> None:
    """Standardised features clipped to +-5, as many as a panel or a transcriptome has."""
    torch.manual_seed(0)
    encoder = MLPEncoder(_vector(values), MLPEncoderConfig(width=32, hidden=(64,)))
    x = torch.randn(200, values).clamp(-5, 5)
    with torch.no_grad():
        # torch draws weights of variance 1 / (3 F), so F features of variance 1 give 1/3.
        assert float(encoder.layers[0](x).var()) == pytest.approx(1 / 3, rel=0.3)
        assert 0.1 < float(encoder(ModalityData(x)).std()) < 1.0
