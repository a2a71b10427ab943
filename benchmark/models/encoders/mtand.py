"""Multi-time attention: irregular observations read at reference points."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models._config import EncoderOutput
from benchmark.models.encoders._base import Encoder, refuse_events
from benchmark.models.encoders.config import MTANDEncoderConfig
from benchmark.models.encoders.grid_transformer import valid_steps


class TimeEmbedding(nn.Module):
    """``phi_h(t) = [w_h0 t + a_h0, sin(w_h1 t + a_h1), ...]`` for H embeddings of width d_r.

    Equation 1 of Shukla and Marlin (2021). ``2 H d_r`` parameters.

    Args:
        heads: H.
        width: d_r.
    """

    def __init__(self, heads: int, width: int) -> None:
        super().__init__()
        self.frequency = nn.Parameter(torch.randn(heads, width))
        self.phase = nn.Parameter(torch.randn(heads, width))

    def forward(self, times: Tensor) -> Tensor:
        """Map (..., T) to (..., H, T, d_r)."""
        angles = times[..., None, :, None] * self.frequency[:, None] + self.phase[:, None]
        return torch.cat([angles[..., :1], angles[..., 1:].sin()], dim=-1)


class MultiTimeAttention(nn.Module):
    r"""A channel's value at any time as an attention average of its own observations.

    For head h, query time t and the observations i of channel d (equation 3):
    ``x_hd(t) = sum_i k_h(t, t_id) x_id`` with
    ``k_h(t, s) = softmax_i(phi_h(t) w_h v_h^T phi_h(s)^T / sqrt(d_k))`` over the observations of
    that channel; 0 where it has none. In floating point, so has a channel all of whose
    observations weigh less than ``e^-87`` of the sample's heaviest.

    Args:
        heads: H.
        time_width: d_r.
        key_width: d_k.
        dropout: Of the weights; what is kept is scaled up, the weights' sum is not.
    """

    def __init__(self, heads: int, time_width: int, key_width: int, dropout: float) -> None:
        super().__init__()
        self.embedding = TimeEmbedding(heads, time_width)
        scale = time_width**-0.5
        self.query = nn.Parameter(scale * torch.randn(heads, time_width, key_width))
        self.key = nn.Parameter(scale * torch.randn(heads, time_width, key_width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, points: Tensor, times: Tensor, values: Tensor, measured: Tensor) -> Tensor:
        """Read at reference points.

        Args:
            points: (K,) query times.
            times: (B, S).
            values: (B, S, C).
            measured: (B, S, C) bool.

        Returns:
            (B, H, K, C).
        """
        queries = self.embedding(points) @ self.query  # (H, K, d_k)
        keys = self.embedding(times) @ self.key  # (B, H, S, d_k)
        scores = queries @ keys.transpose(-2, -1) * self.key.shape[-1] ** -0.5  # (B, H, K, S)
        anything = measured.any(dim=2)[:, None, None, :]
        scores = scores.masked_fill(~anything, torch.finfo(scores.dtype).min)
        weights = (scores - scores.amax(dim=-1, keepdim=True).detach()).exp()
        weights = torch.where(anything, weights, torch.zeros_like(weights))
        flags = measured.to(values.dtype)[:, None]  # (B, 1, S, C)
        known = torch.where(measured, values, torch.zeros_like(values))[:, None]
        total = weights @ flags
        mixed = self.dropout(weights) @ known
        seen = total > torch.finfo(total.dtype).tiny
        return torch.where(seen, mixed / torch.where(seen, total, 1.0), torch.zeros_like(mixed))


class MTANDEncoder(Encoder):
    """Multi-time attention network (Shukla and Marlin, ICLR 2021), the encoder for classification.

    Times are divided by the window; K reference points r_k lie evenly from 0 to 1, and
    ``h_k = U [x_1(r_k), ..., x_H(r_k), m] + c`` (equation 2) with m the flags of channels that were
    measured at all. Tokens are ``h_1 .. h_K``; a vector is the last state of a GRU over them.
    Without a single observation all x are 0, so the code is that of no information.

    stated: equations 1 to 3, reference points, the GRU behind them.
    inferred: w and v of each head its own; the input is joined by its mask, as released, whose
    average is 1 where a channel was measured at all.
    mended: nothing; a channel without observations is 0, where the release averages evenly over
    padding.

    Args:
        modality: Says the channels C; its shape is (steps, C).
        config: D, K, window, heads, widths.
        output: ``vector`` or ``tokens``.

    Raises:
        UsageError: The modality is no sequence of vectors.
    """

    points: Tensor

    def __init__(
        self, modality: Modality, config: MTANDEncoderConfig, output: EncoderOutput = "vector"
    ) -> None:
        super().__init__()
        refuse_events("mtand", modality)
        if len(modality.shape) != 2:
            raise UsageError(
                f"mtand takes a sequence of vectors, modality {modality.name!r} has shape "
                f"{modality.shape}",
                "choose an encoder for vectors or images",
            )
        channels = modality.shape[1]
        self.output, self.width, self.hours = output, config.width, config.hours
        self.register_buffer("points", torch.linspace(0, 1, config.points))
        self.attention = MultiTimeAttention(
            config.heads, config.time_width, config.key_width, config.dropout
        )
        self.join = nn.Linear((config.heads + 1) * channels, config.width)
        if output == "tokens":
            self.tokens = config.points
        else:
            self.gru = nn.GRU(config.width, config.width, batch_first=True)

    def forward(self, data: ModalityData) -> Tensor:
        """Map values (B, S, C) at times (B, S) to (B, D) or (B, K, D).

        Without times, steps are hours.
        """
        values = data.values.to(self.join.weight.dtype)
        size, steps, channels = values.shape
        times = data.times
        if times is None:
            times = torch.arange(steps, device=values.device).expand(size, steps)
        measured = _measured(data)
        read = self.attention(
            self.points.to(values.dtype), times.to(values.dtype) / self.hours, values, measured
        )  # (B, H, K, C)
        flags = measured.any(dim=1).to(values.dtype)[:, None].expand(-1, len(self.points), channels)
        tokens: Tensor = self.join(torch.cat([read.transpose(1, 2).flatten(2), flags], dim=2))
        if self.output == "tokens":
            return tokens
        _, last = self.gru(tokens)
        state: Tensor = last[0]
        return state


def _measured(data: ModalityData) -> Tensor:
    """Return what was measured within a sample's length, (B, S, C) bool."""
    valid = valid_steps(data)[:, :, None]
    if data.mask is None:
        return valid.expand_as(data.values)
    mask = data.mask if data.mask.dim() == data.values.dim() else data.mask[:, :, None]
    return (mask & valid).expand_as(data.values)
