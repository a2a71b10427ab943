"""Only observed rows are encoded."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import ModalityData
from benchmark.core.problem import Modality
from benchmark.models.encoders.config import MLPEncoderConfig, PatchEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.layers.observed import encode_observed

MODALITY = Modality(name="a", kind="vector", shape=(5,))


class Recorder(MLPEncoder):
    """An encoder with a batch norm that remembers what it was given."""

    def __init__(self) -> None:
        super().__init__(MODALITY, MLPEncoderConfig(width=3, hidden=()))
        self.norm = torch.nn.BatchNorm1d(3)
        self.seen: list[Tensor] = []

    def forward(self, data: ModalityData) -> Tensor:
        self.seen.append(data.values)
        encoded: Tensor = self.norm(super().forward(data))
        return encoded


def test_unobserved_rows_are_zero_and_never_seen() -> None:
    torch.manual_seed(0)
    encoder, values = Recorder(), torch.randn(4, 5)
    observed = torch.tensor([True, False, True, True])
    codes = encode_observed(encoder, ModalityData(values), observed)
    assert torch.equal(encoder.seen[0], values[observed])
    assert torch.equal(codes[1], torch.zeros(3))
    assert (codes[observed].abs().sum(dim=1) > 0).all()
    # The normalisation's statistics are those of the observed rows alone.
    assert torch.allclose(codes[observed].mean(dim=0), torch.zeros(3), atol=1e-6)


def test_gradient_is_that_of_the_observed_rows() -> None:
    torch.manual_seed(0)
    encoder = MLPEncoder(MODALITY, MLPEncoderConfig(width=3))
    values = torch.randn(4, 5)
    observed = torch.tensor([False, True, True, False])
    encode_observed(encoder, ModalityData(values), observed).square().sum().backward()
    got = [
        parameter.grad.clone() for parameter in encoder.parameters() if parameter.grad is not None
    ]
    encoder.zero_grad()
    encoder(ModalityData(values[1:3])).square().sum().backward()
    for one, parameter in zip(got, encoder.parameters(), strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(one, parameter.grad)


@pytest.mark.parametrize("tokens", [False, True])
def test_nothing_observed_gives_zeros_without_calling_the_encoder(tokens: bool) -> None:
    encoder = (
        PatchEncoder(MODALITY, PatchEncoderConfig(width=3, patches=2)).double()
        if tokens
        else Recorder().double()
    )
    codes = encode_observed(encoder, ModalityData(torch.randn(4, 5)), torch.zeros(4).bool())
    assert codes.shape == ((4, 2, 3) if tokens else (4, 3))
    assert codes.dtype == torch.float64
    assert not codes.any()
    assert not (isinstance(encoder, Recorder) and encoder.seen)


def test_values_may_be_bytes() -> None:
    encoder = MLPEncoder(MODALITY, MLPEncoderConfig(width=3))
    data = ModalityData(torch.ones(2, 5, dtype=torch.uint8))
    assert encode_observed(encoder, data, torch.ones(2).bool()).dtype == torch.float32
