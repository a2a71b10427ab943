"""What holds for every registered torch model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders import ENCODERS

NAMES = [name for name in MODELS if MODELS.entry(name).family == "model"]
COMPONENT = Component(
    dataset="toy",
    # Names that torch refuses for modules.
    modalities=(
        Modality(name="keys", kind="vector", shape=(5,)),
        Modality(name="b", kind="image", shape=(1, 3, 4)),
        Modality(name="a.c", kind="vector", shape=(9,)),
    ),
    tasks=(
        Task(name="type", kind="multiclass", classes=("x", "y", "z")),
        Task(name="alive", kind="binary", classes=("no", "yes")),
    ),
)
PROBLEM = Problem(components=(COMPONENT,), outputs={"toy/type": 3, "toy/alive": 1})
#: Settings without which a model cannot be built, or would be slow.
NEEDED: dict[str, dict[str, Any]] = {
    "unimodal": {"modality": "b"},
    "mult": {"width": 8, "heads": 2, "layers": 2, "self_layers": 1},
}
ENCODER = {"vector": ("mlp", {"width": 8}), "tokens": ("patch", {"width": 8, "patches": 3})}


def _build(name: str) -> Model:
    config = MODELS.config(name).parse(NEEDED.get(name, {}))
    encoder, settings = ENCODER[config.encoder_output]
    torch.manual_seed(0)
    encoders = {
        one.name: ENCODERS.load(encoder)(one, ENCODERS.config(encoder).parse(settings))
        for one in COMPONENT.modalities
    }
    model = MODELS.load(name)(PROBLEM, encoders, config)
    assert isinstance(model, Model)
    return model


def _batch(size: int = 8) -> Batch:
    """Samples 0, 1 have everything, 2-4 lack one modality each, 5 lacks two, 6 lacks all."""
    generator = torch.Generator().manual_seed(1)
    observed = torch.ones(8, 3, dtype=torch.bool)
    observed[2, 0] = observed[3, 1] = observed[4, 2] = False
    observed[5, :2] = observed[6] = False
    inputs = {
        one.name: ModalityData(
            torch.randn(8, *one.shape, generator=generator)
            * observed[:, m].reshape(-1, *[1] * len(one.shape))
        )
        for m, one in enumerate(COMPONENT.modalities)
    }
    targets = {"type": torch.arange(8) % 3, "alive": torch.arange(8) % 2}
    batch = Batch("toy", inputs, observed, targets, torch.arange(8))
    return batch.select(torch.arange(size))


def _with(batch: Batch, name: str, values: Tensor) -> Batch:
    return replace(batch, inputs={**batch.inputs, name: ModalityData(values)})


def _observe(batch: Batch, observed: Tensor) -> Batch:
    return replace(batch, observed=observed)


def _loss(model: Model, batch: Batch) -> Tensor:
    output = model(batch)
    kind = torch.nn.functional.cross_entropy(output.logits["type"], batch.targets["type"])
    alive = torch.nn.functional.binary_cross_entropy_with_logits(
        output.logits["alive"][:, 0], batch.targets["alive"].float()
    )
    return kind + alive + sum(output.losses.values())


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest) -> Model:
    """Every model in turn, in training mode."""
    return _build(request.param).train()


def test_shapes_and_finite_loss(model: Model) -> None:
    output = model(_batch())
    assert {name: tuple(one.shape) for name, one in output.logits.items()} == {
        "type": (8, 3),
        "alive": (8, 1),
    }
    assert _loss(model, _batch()).isfinite()


def test_every_parameter_gets_a_gradient(model: Model) -> None:
    # Position tables and learned replacements start at zero, where some gradients vanish.
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    _loss(model.eval(), _batch()).backward()
    silent = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.any() or not parameter.grad.isfinite().all()
    ]
    assert silent == []


@pytest.mark.parametrize("row", range(8))
def test_batch_of_one_equals_its_row_in_the_batch(model: Model, row: int) -> None:
    model.eval()
    whole, alone = model(_batch()), model(_batch().select(torch.tensor([row])))
    for task, logits in alone.logits.items():
        assert torch.allclose(logits[0], whole.logits[task][row], atol=1e-5)


def test_trains_on_a_batch_of_one(model: Model) -> None:
    loss = _loss(model, _batch(1))
    loss.backward()
    assert loss.isfinite()


@pytest.mark.parametrize("lost", [[0], [1], [2], [0, 1], [0, 1, 2]])
def test_modality_missing_in_the_whole_batch(model: Model, lost: list[int]) -> None:
    batch = _batch()
    observed = batch.observed.clone()
    observed[:, lost] = False
    loss = _loss(model, _observe(batch, observed))
    loss.backward()
    assert loss.isfinite()
    gradients = [one.grad for one in model.parameters() if one.grad is not None]
    assert gradients
    assert all(one.isfinite().all() for one in gradients)


def test_evaluation_repeats(model: Model) -> None:
    model.eval()
    one, other = model(_batch()), model(_batch())
    for task in one.logits:
        assert torch.equal(one.logits[task], other.logits[task])


def test_state_survives_a_round_trip(request: pytest.FixtureRequest, model: Model) -> None:
    other = _build(request.node.callspec.params["model"])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1)
    assert not torch.equal(
        model.eval()(_batch()).logits["type"], other.eval()(_batch()).logits["type"]
    )
    other.load_state_dict(model.state_dict())
    assert torch.equal(model(_batch()).logits["type"], other(_batch()).logits["type"])


def test_equal_seeds_build_equal_models(request: pytest.FixtureRequest, model: Model) -> None:
    again = _build(request.node.callspec.params["model"]).state_dict()
    assert all(torch.equal(one, again[name]) for name, one in model.state_dict().items())


@pytest.mark.parametrize("garbage", [1e6, float("nan"), float("inf")])
def test_what_stands_in_missing_rows_is_never_read(model: Model, garbage: float) -> None:
    model.eval()
    batch = dirty = _batch()
    for m, one in enumerate(COMPONENT.modalities):
        values = batch.inputs[one.name].values.clone()
        values[~batch.observed[:, m]] = garbage
        dirty = _with(dirty, one.name, values)
    for task in ("type", "alive"):
        assert torch.equal(model(batch).logits[task], model(dirty).logits[task])


def test_observed_values_and_flags_matter(request: pytest.FixtureRequest, model: Model) -> None:
    model.eval()
    batch = _batch()
    before = model(batch).logits["type"]
    used = NEEDED.get(request.node.callspec.params["model"], {}).get("modality")
    for m, one in enumerate(COMPONENT.modalities):
        if used in (None, one.name):
            moved = _with(batch, one.name, batch.inputs[one.name].values + 1)
            assert not torch.allclose(model(moved).logits["type"][0], before[0])
            observed = batch.observed.clone()
            observed[0, m] = False
            hidden = model(_observe(batch, observed)).logits["type"]
            assert not torch.allclose(hidden[0], before[0])
            assert torch.allclose(hidden[1:], before[1:], atol=1e-5)


def test_samples_do_not_see_each_other(model: Model) -> None:
    model.eval()
    batch = _batch()
    values = batch.inputs["b"].values.clone()
    values[0] += 5
    before, after = (model(one).logits["type"] for one in (batch, _with(batch, "b", values)))
    assert not torch.allclose(before[0], after[0])
    assert torch.allclose(before[1:], after[1:], atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_docstring_tells_where_it_comes_from(name: str) -> None:
    module = MODELS.entry(name).target.partition(":")[0]
    text = __import__(module, fromlist=["_"]).__doc__
    assert [
        label for label in ("Paper:", "Stated", "Inferred", "Mended:") if label not in text
    ] == []
