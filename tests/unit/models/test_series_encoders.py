"""Encoders of series and coded events: formulas, padding, nothing observed."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Modality
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.mtand import MultiTimeAttention

SERIES = Modality(name="series", kind="sequence", shape=(7, 3))
EVENTS = Modality(name="codes", kind="events", shape=(7, 9))
VECTOR = Modality(name="facts", kind="vector", shape=(4,))
OUTPUTS = ("vector", "tokens")


def _build(name: str, modality: Modality, output: str = "vector", **settings: Any) -> Encoder:
    torch.manual_seed(0)
    config = ENCODERS.config(name).parse({"width": 8, **settings})
    either = {"output": output} if ENCODERS.entry(name).family == "any" else {}
    encoder: Encoder = ENCODERS.load(name)(modality, config, **either)
    return encoder.double().eval()


def _series(seed: int = 0) -> ModalityData:
    """Five stays of 7, 4, 1, 0 and 3 steps at irregular hours, half of the values measured."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor([7, 4, 1, 0, 3])
    valid = torch.arange(7) < lengths[:, None]
    values = torch.randn(5, 7, 3, generator=generator, dtype=torch.float64)
    mask = (torch.rand(5, 7, 3, generator=generator) > 0.5) & valid[:, :, None]
    times = (torch.rand(5, 7, generator=generator).sort(dim=1).values * 24).double()
    return ModalityData(torch.where(mask, values, 0.0), times, mask, lengths)


def _events() -> ModalityData:
    generator = torch.Generator().manual_seed(1)
    lengths = torch.tensor([7, 4, 1, 0, 3])
    valid = torch.arange(7) < lengths[:, None]
    codes = torch.where(valid, torch.randint(1, 9, (5, 7), generator=generator), 0)
    times = torch.rand(5, 7, generator=generator).sort(dim=1).values * 24
    return ModalityData(codes, times=times.double(), lengths=lengths)


def _loop(layer: MultiTimeAttention, points: Tensor, data: ModalityData) -> Tensor:
    """Equation 3 of Shukla and Marlin (2021), number by number."""
    assert data.times is not None
    assert data.mask is not None
    w, a = layer.embedding.frequency, layer.embedding.phase
    heads, width = w.shape
    size, steps, channels = data.values.shape

    def phi(h: int, t: Tensor) -> Tensor:
        parts = [w[h, 0] * t + a[h, 0]]
        parts += [torch.sin(w[h, i] * t + a[h, i]) for i in range(1, width)]
        return torch.stack(parts)

    rows = []
    for b in range(size):
        for h in range(heads):
            for point in points:
                query = phi(h, point) @ layer.query[h]
                for c in range(channels):
                    seen = [s for s in range(steps) if data.mask[b, s, c]]
                    keys = [phi(h, data.times[b, s]) @ layer.key[h] for s in seen]
                    score = [query @ key / math.sqrt(layer.key.shape[2]) for key in keys]
                    total = sum(torch.exp(one) for one in score)
                    parts = [
                        torch.exp(one) / total * data.values[b, s, c]
                        for one, s in zip(score, seen, strict=True)
                    ]
                    rows.append(torch.stack(parts).sum() if parts else torch.zeros(()).double())
    return torch.stack(rows).reshape(size, heads, len(points), channels)


def test_multi_time_attention_is_the_printed_formula() -> None:
    torch.manual_seed(3)
    layer = MultiTimeAttention(heads=2, time_width=4, key_width=3, dropout=0.0).double()
    data, points = _series(), torch.linspace(0, 1, 4).double()
    assert data.times is not None
    assert data.mask is not None
    data = ModalityData(data.values, data.times / 24, data.mask, data.lengths)
    assert data.times is not None
    found = layer(points, data.times, data.values, data.mask)
    wanted = _loop(layer, points, data)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-10)
    weight = torch.randn_like(found)
    parameters = list(layer.parameters())
    for one, other in zip(
        torch.autograd.grad((found * weight).sum(), parameters),
        torch.autograd.grad((wanted * weight).sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_multi_time_attention_of_one_observation_is_that_observation() -> None:
    layer = MultiTimeAttention(heads=1, time_width=4, key_width=3, dropout=0.0)
    times, values = torch.tensor([[0.2, 0.9]]), torch.tensor([[[3.0, 7.0], [5.0, 0.0]]])
    measured = torch.tensor([[[True, False], [False, False]]])
    read = layer(torch.tensor([0.0, 0.5]), times, values, measured)
    torch.testing.assert_close(read[0, 0], torch.tensor([[3.0, 0.0], [3.0, 0.0]]))


def test_far_scores_leave_the_attention_finite() -> None:
    layer = MultiTimeAttention(heads=1, time_width=2, key_width=2, dropout=0.0)
    with torch.no_grad():
        layer.query.fill_(40.0)
        layer.key.fill_(40.0)
        layer.embedding.frequency.fill_(5.0)
    times, values = torch.tensor([[0.0, 1.0]]), torch.tensor([[[2.0, 0.0], [0.0, 4.0]]])
    measured = torch.tensor([[[True, False], [False, True]]])
    read = layer(torch.tensor([0.1, 1.0]), times, values, measured)
    read.sum().backward()
    assert read.isfinite().all()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in layer.parameters())


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(
    ("name", "data"),
    [("mtand", _series()), ("grid_transformer", _series()), ("event_transformer", _events())],
    ids=["mtand", "grid_transformer", "event_transformer"],
)
def test_padding_never_matters(name: str, data: ModalityData, output: str) -> None:
    encoder = _build(name, EVENTS if name == "event_transformer" else SERIES, output)
    whole = encoder(data)
    assert whole.isfinite().all()
    assert data.lengths is not None
    assert data.times is not None
    padding = torch.arange(7) >= data.lengths[:, None]
    values = data.values.clone()
    if values.is_floating_point():
        values[padding] = math.nan
    spoiled = ModalityData(values, torch.where(padding, 1e6, data.times), data.mask, data.lengths)
    torch.testing.assert_close(encoder(spoiled), whole, rtol=0, atol=1e-12)
    for row in range(5):  # a batch of one, the fourth without a single step
        alone = encoder(data.rows(torch.tensor([row])))
        torch.testing.assert_close(alone[0], whole[row], rtol=0, atol=1e-12)


@pytest.mark.parametrize("output", OUTPUTS)
def test_training_on_nothing_observed_is_finite(output: str) -> None:
    nothing = {
        "mtand": _series().rows(torch.tensor([3])),
        "grid_transformer": _series().rows(torch.tensor([3])),
        "event_transformer": _events().rows(torch.tensor([3])),
    }
    for name, data in nothing.items():
        encoder = _build(name, EVENTS if name == "event_transformer" else SERIES, output).train()
        encoder(data).sum().backward()
        grads = [one.grad for one in encoder.parameters() if one.grad is not None]
        assert all(grad.isfinite().all() for grad in grads), name


def test_event_vectors_are_zero_without_an_event() -> None:
    assert not _build("event_transformer", EVENTS)(_events())[3].any()


def test_hours_and_order_matter_to_events_as_they_should() -> None:
    encoder = _build("event_transformer", EVENTS)
    data = _events()
    assert data.times is not None
    order = torch.tensor([2, 0, 1, 3])
    one = data.rows(torch.tensor([1]))
    assert one.times is not None
    codes, times = one.values.clone(), one.times.clone()
    codes[:, :4], times[:, :4] = one.values[:, order], one.times[:, order]
    moved = ModalityData(codes, times=times)  # the same events, told in another order
    torch.testing.assert_close(encoder(moved), encoder(one), rtol=0, atol=1e-12)
    later = ModalityData(one.values, times=one.times + 5)
    assert not torch.allclose(encoder(later), encoder(one))


@pytest.mark.parametrize("pool", ["mean", "class"])
def test_grid_transformer_parameters(pool: str) -> None:
    encoder = _build("grid_transformer", SERIES, pool=pool, layers=2)
    count = sum(one.numel() for one in encoder.parameters())
    assert count == (3 + 1 + 7) * 8 + 2 * (8 * 64 + 8 * 8) + 16 + 8 * (pool == "class")


def test_grid_transformer_without_attention_is_a_mean_over_valid_steps() -> None:
    encoder: Any = _build("grid_transformer", SERIES)
    with torch.no_grad():
        for layer in encoder.layers:
            layer.attention.output.weight.zero_()
            layer.attention.output.bias.zero_()
            layer.feed_forward[-1].weight.zero_()
            layer.feed_forward[-1].bias.zero_()
    data = _series()
    states = encoder.norm(encoder.embedding(data.values) + encoder.positions)
    torch.testing.assert_close(encoder(data)[1], states[1, :4].mean(dim=0), rtol=0, atol=1e-12)


def test_gru_reads_the_grid_up_to_the_length() -> None:
    encoder = _build("gru", SERIES)
    data = _series()
    longer = ModalityData(data.values, lengths=torch.full((5,), 7))
    assert torch.equal(encoder(data)[0], encoder(longer)[0])
    assert not encoder(data)[3].any()
    assert not torch.allclose(encoder(data)[1], encoder(longer)[1])


@pytest.mark.parametrize(
    ("name", "modality"),
    [
        *((name, EVENTS) for name in ("gru", "mlp", "patch", "maxout", "text_vector", "mtand",
                                      "grid_transformer")),
        ("event_transformer", SERIES),
        ("grid_transformer", VECTOR),
        ("mtand", VECTOR),
    ],
    ids=lambda one: one if isinstance(one, str) else one.kind,
)  # fmt: skip
def test_what_an_encoder_cannot_read_is_refused(name: str, modality: Modality) -> None:
    with pytest.raises(UsageError, match=f"{name} takes .* modality '{modality.name}'"):
        _build(name, modality)


def test_an_odd_width_has_no_sines_and_cosines() -> None:
    with pytest.raises(UsageError, match="even width, not 7"):
        _build("event_transformer", EVENTS, width=7, heads=1)
