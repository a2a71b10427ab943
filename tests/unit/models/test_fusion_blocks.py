"""AIDE and Fuller: who attends to whom, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import PatchEncoderConfig
from benchmark.models.encoders.patch import PatchEncoder
from benchmark.models.layers.branched import Branched
from benchmark.models.layers.heads import TaskHeads
from benchmark.models.layers.tokens import masked_mean, summary, token_flags
from benchmark.models.layers.widths import to_width
from benchmark.training.strategies.plain import parameter_counts


def _problem(modalities: str, segmentation: bool = False) -> Problem:
    tasks = [Task(name="t", kind="multiclass", classes=tuple("xyz"))]
    if segmentation:
        tasks.append(Task(name="seg", kind="segmentation", classes=tuple("xyz")))
    component = Component(
        dataset="d",
        modalities=tuple(Modality(name=one, kind="vector", shape=(8,)) for one in modalities),
        tasks=tuple(tasks),
    )
    return Problem(components=(component,), outputs={"d/t": 3, "d/seg": 3})


def _model(
    name: str, modalities: str = "abc", widths: tuple[int, ...] = (4, 4, 4), **settings: Any
) -> Any:
    torch.manual_seed(0)
    problem = _problem(modalities)
    encoders: dict[str, Encoder] = {
        one.name: PatchEncoder(one, PatchEncoderConfig(width=widths[m], patches=2 + m))
        for m, one in enumerate(problem.only.modalities)
    }
    config = MODELS.config(name).parse({"heads": 2, "hidden": 8, **settings})
    model = MODELS.load(name)(problem, encoders, config)
    assert isinstance(model, Model)
    return model.eval()


def _batch(modalities: str = "abc") -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = {one: ModalityData(torch.randn(2, 8, generator=generator)) for one in modalities}
    observed = torch.ones(2, len(modalities)).bool()
    return Batch("d", inputs, observed, {}, torch.arange(2))


def test_token_helpers() -> None:
    observed = torch.tensor([[True, False], [False, False]])
    assert token_flags(observed, [1, 2]).tolist() == [[True, False, False], [False] * 3]
    tokens = torch.tensor([[[1.0], [3.0], [50.0]]] * 2)
    keys = torch.tensor([[True, True, False], [False] * 3])
    assert masked_mean(tokens, keys).tolist() == [[2.0], [0.0]]
    encoder = PatchEncoder(_problem("a").only.modalities[0], PatchEncoderConfig())
    assert summary(tokens, encoder)[0].tolist() == [18.0]
    assert summary(tokens[:, 0], encoder).tolist() == [[1.0], [1.0]]
    encoder.prefix_tokens = 1
    assert summary(tokens, encoder).tolist() == [[1.0], [1.0]]


def test_to_width() -> None:
    assert [type(one).__name__ for one in to_width([4, 4], None)] == ["Identity"] * 2
    assert [type(one).__name__ for one in to_width([4, 5], 5)] == ["Linear", "Identity"]
    with pytest.raises(UsageError, match="the encoders' widths differ: 4, 5"):
        to_width([4, 5], None)


@torch.no_grad()
def test_aide_layer_is_cross_attention_to_all_others() -> None:
    model, batch = _model("aide"), _batch()
    tokens = [model.encode(batch, name) for name in "abc"]
    means = []
    for m, layer in enumerate(model.layers):
        source = torch.cat([tokens[n] for n in range(3) if n != m], dim=1)
        means.append(layer(tokens[m], source, torch.ones(source.shape[:2]).bool()).mean(dim=1))
    expected = model.heads(torch.cat(means, dim=1))["t"]
    assert torch.allclose(model(batch).logits["t"], expected, atol=1e-6)


@torch.no_grad()
def test_aide_without_the_others_is_a_feed_forward_block() -> None:
    model, batch = _model("aide"), _batch()
    batch.observed[:, 1:] = False
    tokens = model.encode(batch, "a")
    nothing = torch.zeros(2, 7, 4)
    pooled = model.layers[0](tokens, nothing, torch.zeros(2, 7).bool()).mean(dim=1)
    expected = model.heads(torch.cat([pooled, torch.zeros(2, 8)], dim=1))["t"]
    assert torch.allclose(model(batch).logits["t"], expected, atol=1e-6)


def test_aide_may_share_its_layers() -> None:
    own, shared = _model("aide", layers=2), _model("aide", layers=2, share_layers=True)
    assert (len(own.layers), len(shared.layers)) == (6, 2)
    assert shared(_batch()).logits["t"].shape == (2, 3)


def test_aide_needs_two() -> None:
    with pytest.raises(UsageError, match="aide attends across modalities"):
        _model("aide", "a")


@torch.no_grad()
def test_fuller_is_its_three_parts() -> None:
    model, batch = _model("fuller", layers=2), _batch()
    batch.observed[0, 1] = False
    assert isinstance(model, Branched)
    tokens = torch.cat([model.encode(batch, name) for name in "abc"], dim=1)
    keys = token_flags(batch.observed, [2, 3, 4])
    for layer in model.fusion:
        tokens = layer(tokens, None, keys)
    expected = model.heads(masked_mean(tokens, keys))["t"]
    assert torch.allclose(model(batch).logits["t"], expected, atol=1e-6)
    assert model.last_shared() == list(model.fusion[1].parameters())


@pytest.mark.parametrize("name", ["aide", "fuller", "evif"])
def test_encoders_of_several_widths_need_a_width(name: str) -> None:
    with pytest.raises(UsageError, match="widths differ: 4, 6, 4"):
        _model(name, widths=(4, 6, 4))
    model = _model(name, widths=(4, 6, 4), width=6)
    assert model(_batch()).logits["t"].shape == (2, 3)
    assert parameter_counts(model)["fusion"] > 0


def test_heads_may_be_perceptrons() -> None:
    heads = TaskHeads(4, _problem("a"), (7,))
    assert sum(one.numel() for one in heads.parameters()) == 4 * 7 + 7 + 7 * 3 + 3
    features = torch.randn(2, 4)
    assert torch.equal(heads.each([features])["t"], heads(features)["t"])


def test_a_segmentation_is_refused_by_heads_that_read_one_vector() -> None:
    problem = _problem("a", segmentation=True)
    with pytest.raises(UsageError, match="task 'seg' is a segmentation"):
        TaskHeads(4, problem)
    assert list(TaskHeads(4, problem, dense=True).outputs) == ["t"]
