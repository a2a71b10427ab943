"""Encoders of series and coded events as wholes against plain float64 loops, gradients included.

The loops go sample by sample over what is really there, so padding has no part in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.batch import ModalityData
from benchmark.core.problem import Modality
from benchmark.models.encoders import ENCODERS

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
D, HEADS, STEPS, CHANNELS, CODES = 6, 2, 5, 3, 7
LENGTHS = (5, 2, 1, 3)
SERIES = Modality(name="series", kind="sequence", shape=(STEPS, CHANNELS))
EVENTS = Modality(name="codes", kind="events", shape=(STEPS, CODES))


def _encoder(name: str, modality: Modality, output: str, **settings: Any) -> Any:
    torch.manual_seed(4)
    config = ENCODERS.config(name).parse({"width": D, "heads": HEADS, **settings})
    encoder = ENCODERS.load(name)(modality, config, output=output).double().eval()
    for one in encoder.parameters():  # norms, biases and padding beside their first values, too
        nn.init.normal_(one, std=0.4)
    return encoder


def _values() -> tuple[Tensor, Tensor, Tensor]:
    """Return values that take gradients, hours and what was measured."""
    torch.manual_seed(5)
    values = torch.randn(len(LENGTHS), STEPS, CHANNELS, dtype=torch.float64, requires_grad=True)
    hours = (torch.rand(len(LENGTHS), STEPS, dtype=torch.float64) * 24).sort(dim=1).values
    return values, hours, torch.rand(len(LENGTHS), STEPS, CHANNELS) > 0.4


def _norm(layer: nn.LayerNorm, x: Tensor) -> Tensor:
    mean = sum(x) / D
    variance = sum((one - mean) ** 2 for one in x) / D
    return (x - mean) / torch.sqrt(torch.as_tensor(variance) + 1e-5) * layer.weight + layer.bias


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    found = torch.stack([(row * x).sum() for row in layer.weight])
    return found if layer.bias is None else found + layer.bias


def _attend(layer: Any, target: Tensor, sources: Sequence[Tensor]) -> Tensor:
    """``softmax(q k / sqrt(d)) v`` per head for one target, heads joined and mapped."""
    width = D // HEADS
    query = _linear(layer.query, target)
    pairs = [_linear(layer.key_value, one) for one in sources]
    heads = []
    for h in range(HEADS):
        own, other = slice(h * width, (h + 1) * width), slice(D + h * width, D + (h + 1) * width)
        weights = [((query[own] * pair[own]).sum() / math.sqrt(width)).exp() for pair in pairs]
        mixed = [weight * pair[other] for weight, pair in zip(weights, pairs, strict=True)]
        heads.append(torch.stack(mixed).sum(dim=0) / torch.stack(weights).sum())
    return _linear(layer.output, torch.cat(heads))


def _transformer(encoder: Any, states: list[Tensor]) -> list[Tensor]:
    """Pre-norm layers over the states of one sample, then the closing norm."""
    for layer in encoder.layers:
        normed = [_norm(layer.attention_norm, one) for one in states]
        hidden = [
            one + _attend(layer.attention, other, normed)
            for one, other in zip(states, normed, strict=True)
        ]
        states = []
        for one in hidden:
            inner = _linear(layer.feed_forward[0], _norm(layer.feed_forward_norm, one))
            gelu = inner * 0.5 * (1 + torch.erf(inner / math.sqrt(2)))
            states.append(one + _linear(layer.feed_forward[3], gelu))
    return [_norm(encoder.norm, one) for one in states]


def _padded(states: list[Tensor]) -> Tensor:
    return torch.stack([*states, *[torch.zeros_like(states[0])] * (STEPS - len(states))])


@pytest.mark.parametrize(
    ("output", "pool"), [("vector", "mean"), ("vector", "class"), ("tokens", "mean")]
)
def test_grid_transformer(agree: Agree, output: str, pool: str) -> None:
    encoder = _encoder("grid_transformer", SERIES, output, pool=pool, layers=2)
    values, hours, _ = _values()
    rows = []
    for b, length in enumerate(LENGTHS):
        states = [
            _linear(encoder.embedding, values[b, t]) + encoder.positions[t] for t in range(length)
        ]
        front = [] if encoder.front is None else [encoder.front]
        found = _transformer(encoder, front + states)
        if output == "tokens":
            rows.append(_padded(found))
        else:
            rows.append(found[0] if front else torch.stack(found).sum(dim=0) / length)
    data = ModalityData(values, times=hours, lengths=torch.tensor(LENGTHS))
    agree(encoder(data), torch.stack(rows), [values, *encoder.parameters()])


@pytest.mark.parametrize("output", ["vector", "tokens"])
def test_event_transformer(agree: Agree, output: str) -> None:
    settings = {"layers": 2, "period": 48.0}
    encoder = _encoder("event_transformer", EVENTS, output, **settings)
    torch.manual_seed(6)
    _, hours, _ = _values()
    codes = torch.zeros(len(LENGTHS), STEPS, dtype=torch.long)
    periods = [48.0 ** (j / (D // 2 - 1)) for j in range(D // 2)]
    rows = []
    for b, length in enumerate(LENGTHS):
        codes[b, :length] = torch.randint(1, CODES, (length,))
        states = []
        for t in range(length):
            angles = [2 * math.pi * float(hours[b, t]) / one for one in periods]
            wave = [*(math.sin(one) for one in angles), *(math.cos(one) for one in angles)]
            states.append(
                encoder.embedding.weight[codes[b, t]] + torch.tensor(wave, dtype=torch.float64)
            )
        found = _transformer(encoder, states)
        if output == "vector":
            rows.append(torch.stack(found).sum(dim=0) / length)
        else:
            rows.append(torch.stack([_attend(encoder.reader, q, found) for q in encoder.queries]))
    data = ModalityData(codes, times=hours, lengths=torch.tensor(LENGTHS))
    # Single precision holds the periods, as a buffer of the module.
    torch.testing.assert_close(encoder.periods, torch.tensor(periods).double())
    encoder.periods.copy_(torch.tensor(periods, dtype=torch.float64))
    agree(encoder(data), torch.stack(rows), list(encoder.parameters()))


def _read(layer: Any, head: int, point: float, times: list[Tensor], values: list[Tensor]) -> Tensor:
    """Read one channel of one sample at a reference point; equations 1 and 3."""
    if not values:
        return torch.zeros((), dtype=torch.float64)

    def phi(t: Any) -> Tensor:
        w, a = layer.embedding.frequency[head], layer.embedding.phase[head]
        waves = [torch.sin(w[i] * t + a[i]) for i in range(1, len(w))]
        return torch.stack([w[0] * t + a[0], *waves])

    query = phi(point) @ layer.query[head]
    scale = math.sqrt(layer.key.shape[2])
    weights = [(query @ (phi(t) @ layer.key[head]) / scale).exp() for t in times]
    mixed = [weight * value for weight, value in zip(weights, values, strict=True)]
    return torch.stack(mixed).sum() / torch.stack(weights).sum()


def _gru(layer: nn.GRU, tokens: list[Tensor]) -> Tensor:
    """Return the last state of ``torch.nn.GRU``'s printed equations."""
    state = torch.zeros(D, dtype=torch.float64)
    weight_in, weight_state = layer.weight_ih_l0, layer.weight_hh_l0
    for token in tokens:
        own = (weight_in @ token + layer.bias_ih_l0).split(D)
        past = (weight_state @ state + layer.bias_hh_l0).split(D)
        reset, update = torch.sigmoid(own[0] + past[0]), torch.sigmoid(own[1] + past[1])
        new = torch.tanh(own[2] + reset * past[2])
        state = (1 - update) * new + update * state
    return state


@pytest.mark.parametrize("output", ["vector", "tokens"])
def test_mtand(agree: Agree, output: str) -> None:
    settings = {"points": 4, "hours": 24.0, "time_width": 3, "key_width": 2}
    encoder = _encoder("mtand", SERIES, output, **settings)
    values, hours, mask = _values()
    rows = []
    for b, length in enumerate(LENGTHS):
        seen = [[t for t in range(length) if mask[b, t, c]] for c in range(CHANNELS)]
        tokens = []
        for k in range(4):
            parts = [
                _read(
                    encoder.attention,
                    head,
                    k / 3,
                    [hours[b, t] / 24 for t in seen[c]],
                    [values[b, t, c] for t in seen[c]],
                )
                for head in range(HEADS)
                for c in range(CHANNELS)
            ]
            flags = torch.tensor([float(bool(one)) for one in seen], dtype=torch.float64)
            tokens.append(_linear(encoder.join, torch.cat([torch.stack(parts), flags])))
        rows.append(torch.stack(tokens) if output == "tokens" else _gru(encoder.gru, tokens))
    data = ModalityData(values, times=hours, mask=mask, lengths=torch.tensor(LENGTHS))
    encoder.points.copy_(torch.tensor([0, 1 / 3, 2 / 3, 1], dtype=torch.float64))
    agree(encoder(data), torch.stack(rows), [values, *encoder.parameters()])
