"""Gather the observed samples, encode them, scatter the codes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from benchmark.core.batch import ModalityData

if TYPE_CHECKING:
    from benchmark.models.encoders._base import Encoder


def encode_observed(encoder: Encoder, data: ModalityData, observed: Tensor) -> Tensor:
    """Encode the observed samples of one modality; the others get zeros.

    The encoder never sees an unobserved sample, so whatever stands in its row changes neither
    outputs nor gradients nor the statistics of a normalisation. Where nothing is observed the
    encoder is not called at all, and its parameters get no gradient from this batch.

    Args:
        encoder: Encoder of the modality.
        data: Values of B samples.
        observed: (B,) bool.

    Returns:
        (B, D) from a vector encoder, (B, P, D) from a token encoder.
    """
    index = observed.nonzero().squeeze(1)
    if index.numel() == observed.numel() > 0:
        everything: Tensor = encoder(data)
        return everything
    if index.numel() == 0:
        return _zeros(encoder, data.values, observed.shape[0])
    codes: Tensor = encoder(data.rows(index))
    zeros = codes.new_zeros((observed.shape[0], *codes.shape[1:]))
    return zeros.index_copy(0, index, codes)


def _zeros(encoder: Encoder, values: Tensor, size: int) -> Tensor:
    shape = (
        (size, encoder.width)
        if encoder.output == "vector"
        else (size, encoder.tokens, encoder.width)
    )
    like = next(encoder.parameters(), None)
    return values.new_zeros(shape, dtype=None if like is None else like.dtype)
