"""Dense heads against loops, and in every host that segments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder
from benchmark.models.encoders.config import MLPEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder
from benchmark.models.layers.dense_head import DenseHead, DenseHeads, modality_tokens

Agree = Callable[[Tensor, Tensor, Sequence[Tensor]], None]
SIZE = 32
MTOE = {"experts": 3, "heads": 2, "hidden": 8}
SMALL = {"heads": 2, "hidden": 8, "dropout": 0.0}
HOSTS: dict[str, tuple[str, dict[str, Any]]] = {
    "eyemost": ("eyemost", {"hidden": 6}),
    "eyemost_mtoe": ("eyemost", {"hidden": 6, "mtoe": MTOE}),
    "eyestar": ("eyestar", {}),
    "eyestar_mtoe": ("eyestar", {"mtoe": MTOE}),
    "eyestar_mtoe_maps": ("eyestar", {"mtoe": MTOE, "maps": True}),
    "evif": ("evif", {**SMALL, "estimator_hidden": 4}),
    "fuller": ("fuller", SMALL),
    "aide": ("aide", SMALL),
    "multimodn": ("multimodn", {"state": 6, "dropout": 0.0}),
}


def test_head_by_loops(agree: Agree) -> None:
    """Two by three patches of (3, 2) pixels over an image of (5, 6); a class token goes before."""
    torch.manual_seed(0)
    head = DenseHead(4, (2, 3), (5, 6), 2).double()
    assert sum(one.numel() for one in head.parameters()) == (4 + 1) * 2 * 3 * 2
    tokens = torch.randn(2, 7, 4, dtype=torch.float64, requires_grad=True)
    images = []
    for b in range(2):
        rows = []
        for c in range(2):
            for y in range(5):
                for x in range(6):
                    token = tokens[b, 1 + (y // 3) * 3 + x // 2]
                    place = c * 6 + (y % 3) * 2 + x % 2
                    rows.append(head.linear.weight[place] @ token + head.linear.bias[place])
        images.append(torch.stack(rows).reshape(2, 5, 6))
    agree(head(tokens), torch.stack(images), [tokens, *head.parameters()])


def test_tokens_of_a_modality() -> None:
    tokens = torch.arange(6.0).reshape(1, 6, 1)
    assert modality_tokens(tokens, [1, 3, 2], 1).flatten().tolist() == [1, 2, 3]


def _problem() -> Problem:
    component = Component(
        dataset="eyes",
        modalities=tuple(
            Modality(name=name, kind="image", shape=(3, SIZE, SIZE)) for name in ("oct", "fundus")
        ),
        tasks=(
            Task(name="seg", kind="segmentation", classes=("none", "disc", "cup")),
            Task(name="grade", kind="multiclass", classes=("x", "y", "z")),
        ),
    )
    return Problem(components=(component,), outputs={"eyes/seg": 3, "eyes/grade": 3})


def _model(host: str, **settings: Any) -> Model:
    name, own = HOSTS[host]
    torch.manual_seed(0)
    problem = _problem()
    config = MODELS.config(name).parse({"dense": "fundus", **own, **settings})
    encoder = ENCODERS.config("small_cnn").parse({"width": 8, "channels": [4, 6, 8]})
    encoders = {
        one.name: ENCODERS.load("small_cnn")(one, encoder, output=config.encoder_gives(one.name))
        for one in problem.only.modalities
    }
    model = MODELS.load(name)(problem, encoders, config)
    assert isinstance(model, Model)
    return model


def _batch(size: int = 6) -> Batch:
    """The brighter quadrant of the fundus is the cup, its grade the quadrant modulo 3."""
    generator = torch.Generator().manual_seed(1)
    images = {
        name: torch.randint(0, 60, (size, 3, SIZE, SIZE), generator=generator, dtype=torch.uint8)
        for name in ("oct", "fundus")
    }
    mask = torch.zeros(size, SIZE, SIZE, dtype=torch.int64)
    where = torch.arange(size) % 4
    half = SIZE // 2
    for i, quadrant in enumerate(where.tolist()):
        rows = slice(half * (quadrant // 2), half * (quadrant // 2) + half)
        columns = slice(half * (quadrant % 2), half * (quadrant % 2) + half)
        images["fundus"][i, :, rows, columns] += 150
        mask[i, rows, columns] = 2
    inputs = {name: ModalityData(values) for name, values in images.items()}
    targets = {"seg": mask, "grade": where % 3}
    return Batch("eyes", inputs, torch.ones(size, 2).bool(), targets, torch.arange(size))


def _loss(model: Model, batch: Batch) -> Tensor:
    output = model(batch)
    terms = [functional.cross_entropy(output.logits[t], batch.targets[t]) for t in output.logits]
    return torch.stack([*terms, *output.losses.values()]).sum()


@pytest.mark.parametrize("host", list(HOSTS))
def test_hosts_give_logits_of_every_pixel(host: str) -> None:
    model, batch = _model(host), _batch()
    for gone in ((), (0,), (1,), (0, 1)):
        observed = batch.observed.clone()
        observed[:2, list(gone)] = False
        logits = model(replace(batch, observed=observed)).logits
        assert {task: tuple(one.shape) for task, one in logits.items()} == {
            "seg": (6, 3, SIZE, SIZE),
            "grade": (6, 3),
        }
        assert all(bool(one.isfinite().all()) for one in logits.values())
    _loss(model, batch).backward()
    silent = [name for name, one in model.named_parameters() if one.grad is None]
    unread = ("missing", "nothing")  # what stands for a modality that nobody in the batch lacks
    assert not [name for name in silent if not name.startswith(unread)]


@pytest.mark.parametrize("host", ["eyemost", "eyestar", "eyestar_mtoe_maps", "fuller"])
def test_a_bright_region_is_segmented(host: str) -> None:
    model, batch = _model(host), _batch(16)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(25):
        optimizer.zero_grad()
        _loss(model, batch).backward()
        optimizer.step()
    guess = model.eval()(batch).logits["seg"].argmax(dim=1)
    assert float((guess == batch.targets["seg"]).float().mean()) > 0.9


def test_a_segmentation_needs_tokens() -> None:
    problem = _problem()
    with pytest.raises(UsageError, match="dense is not set"):
        DenseHeads(problem, None, {})
    flat: dict[str, Encoder] = {
        one.name: MLPEncoder(one, MLPEncoderConfig()) for one in problem.only.modalities
    }
    with pytest.raises(UsageError, match="there is no grid"):
        DenseHeads(problem, "fundus", flat)
    with pytest.raises(UsageError, match="the modality 'cornea', the dataset has oct, fundus"):
        DenseHeads(problem, "cornea", flat)


@pytest.mark.parametrize("host", list(HOSTS))
def test_bfloat16_gives_nearly_the_same_loss(host: str) -> None:
    model, batch = _model(host).eval(), _batch()
    batch.observed[0, 0] = batch.observed[1, 1] = False
    with torch.no_grad():
        exact = float(_loss(model, batch))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = _loss(model, batch)
    rough.backward()
    assert float(rough.detach()) == pytest.approx(exact, rel=0.01)
    found = [one.grad for one in model.parameters() if one.grad is not None]
    assert all(bool(one.isfinite().all()) for one in found)
