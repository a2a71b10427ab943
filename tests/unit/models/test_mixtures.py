"""Mixture models: what they learn, where switches act, how they treat what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmark.core.batch import Batch, ModalityData, Output
from benchmark.core.errors import UsageError
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder

SMALL: dict[str, dict[str, Any]] = {
    "m4oe": {
        "msoe_experts": 2,
        "mtoe_experts": 4,
        "final_experts": 2,
        "msoe_depth": 1,
        "final_depth": 1,
        "heads": 2,
        "hidden": 16,
    },
    "soft_moe": {"experts": 4, "heads": 2, "hidden": 16},
    "adamv_moe": {"experts": 4, "heads": 2, "hidden": 16},
    "fuse_moe": {"experts": 4, "top_k": 2, "heads": 2, "hidden": 16, "layers": 1, "width": None},
}
SIDE = 32
IMAGES = tuple(Modality(name=name, kind="image", shape=(1, SIDE, SIDE)) for name in ("cc", "mlo"))
TASKS = (
    Task(name="where", kind="binary", classes=("top", "bottom")),
    Task(name="same", kind="multiclass", classes=("no", "yes")),
)
SEG = Task(name="seg", kind="segmentation", classes=("out", "in"))


def _problem(tasks: tuple[Task, ...] = TASKS) -> Problem:
    component = Component(dataset="d", modalities=IMAGES, tasks=tasks)
    outputs = {f"d/{task.name}": 1 if task.kind == "binary" else 2 for task in tasks}
    return Problem(components=(component,), outputs=outputs)


def _model(name: str, tasks: tuple[Task, ...] = TASKS, **settings: Any) -> Model:
    torch.manual_seed(0)
    encoders: dict[str, Encoder] = {}
    for one in IMAGES:
        config = ENCODERS.config("small_cnn").parse({"width": 16})
        encoders[one.name] = ENCODERS.load("small_cnn")(one, config, output="tokens")
    config = MODELS.config(name).parse({**SMALL[name], **settings})
    model: Model = MODELS.load(name)(_problem(tasks), encoders, config)
    return model


def _planted(count: int, seed: int) -> Batch:
    """Draw images with one bright square each, in the upper or the lower half.

    ``where`` says where it is in ``cc``; ``same`` whether it is in the same half of both, which
    neither image tells alone; ``seg`` marks the square of ``cc``.
    """
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 60, (2, count, 1, SIDE, SIDE), generator=generator)
    lower = torch.randint(0, 2, (2, count), generator=generator)
    left = torch.randint(0, SIDE - 8, (2, count), generator=generator)
    masks = torch.zeros(count, SIDE, SIDE, dtype=torch.int64)
    for m in range(2):
        for i in range(count):
            top = 4 + 16 * int(lower[m, i])
            box = (slice(top, top + 8), slice(int(left[m, i]), int(left[m, i]) + 8))
            images[m, i, 0][box] = 220
            if m == 0:
                masks[i][box] = 1
    return Batch(
        dataset="d",
        inputs={one.name: ModalityData(images[m].byte()) for m, one in enumerate(IMAGES)},
        observed=torch.ones(count, 2, dtype=torch.bool),
        targets={"where": lower[0], "same": (lower[0] == lower[1]).long(), "seg": masks},
        rows=torch.arange(count),
    )


def _loss(output: Output, batch: Batch) -> Tensor:
    terms = list(output.losses.values())
    for task, logits in output.logits.items():
        if task == "where":
            truth = batch.targets[task].float()
            terms.append(functional.binary_cross_entropy_with_logits(logits[:, 0], truth))
        else:
            terms.append(functional.cross_entropy(logits, batch.targets[task]))
    return torch.stack(terms).sum()


def _train(model: Model, batch: Batch, steps: int) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(steps):
        index = torch.arange(32 * step, 32 * step + 32) % batch.size
        optimizer.zero_grad()
        part = batch.select(index)
        _loss(model.train()(part), part).backward()
        optimizer.step()
    model.eval()


@pytest.mark.parametrize("name", list(SMALL))
def test_what_is_planted_in_images_is_found(name: str) -> None:
    settings: dict[str, Any] = {"alpha": 0.001} if name == "m4oe" else {}
    model = _model(name, **settings)
    _train(model, _planted(512, 1), 90)
    test = _planted(200, 2)
    with torch.no_grad():
        logits = model(test).logits
    where = ((logits["where"][:, 0] > 0) == test.targets["where"]).float().mean().item()
    same = (logits["same"].argmax(dim=1) == test.targets["same"]).float().mean().item()
    assert where > 0.9
    assert same > 0.8


@pytest.mark.parametrize(
    "name", ["m4oe", *(pytest.param(one, marks=pytest.mark.slow) for one in list(SMALL)[1:])]
)
def test_masks_are_learned(name: str) -> None:
    model = _model(name, (TASKS[0], SEG), dense="cc")
    _train(model, _planted(256, 1), 120)
    test = _planted(50, 2)
    with torch.no_grad():
        logits = model(test).logits
    assert list(logits) == ["where", "seg"]
    assert logits["seg"].shape == (50, 2, SIDE, SIDE)
    found, truth = logits["seg"].argmax(dim=1) == 1, test.targets["seg"] == 1
    dice = 2 * (found & truth).sum().item() / (found.sum() + truth.sum()).item()
    assert dice > 0.6  # all pixels alike: at most 0.12


@pytest.mark.parametrize("name", list(SMALL))
def test_segmentation_alone_and_without_its_image(name: str) -> None:
    model = _model(name, (SEG,), dense="cc").eval()
    batch = _planted(3, 1)
    hidden = replace(batch, observed=torch.tensor([[True, True], [False, True], [False, False]]))
    logits = model(hidden).logits
    assert list(logits) == ["seg"]
    assert logits["seg"].isfinite().all()
    assert torch.allclose(logits["seg"][0], model(batch).logits["seg"][0], atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"msoe": "nothing"},
        {"msoe": "tokens"},
        {"mtoe": "shared"},
        {"alpha": 0.0},
        {"mi_unit": "modality"},
        {"mi_reduction": "mean"},
        {"task_residual": False},
        {"normalize_slot_inputs": False},
        {"readout": "mean"},
        {"head": "gelu"},
        {"mtoe_depth": 2},
        {"width": 8},
    ],
    ids=lambda one: "-".join(one),
)
def test_every_switch_of_m4oe_acts_and_runs(settings: dict[str, Any]) -> None:
    batch = _planted(4, 1)
    batch = replace(batch, observed=torch.tensor([[1, 1], [1, 0], [0, 1], [0, 0]]).bool())
    plain, switched = _model("m4oe").train(), _model("m4oe", **settings).train()
    loss = _loss(switched(batch), batch)
    assert loss.isfinite()
    loss.backward()
    assert all(one.grad is not None for name, one in switched.named_parameters()), "unused"
    assert loss.item() != _loss(plain(batch), batch).item()


def test_the_term_is_weighted_and_only_where_it_is_wanted() -> None:
    batch = _planted(6, 1)
    once, twice = (_model("m4oe", alpha=alpha)(batch).losses for alpha in (0.1, 0.2))
    assert list(once) == ["mutual_information"]
    assert torch.allclose(2 * once["mutual_information"], twice["mutual_information"])
    mean = _model("m4oe", alpha=0.1, mi_reduction="mean")(batch).losses["mutual_information"]
    assert torch.allclose(6 * mean, once["mutual_information"])
    assert not _model("m4oe", alpha=0.0)(batch).losses
    assert not _model("m4oe", mtoe="shared")(batch).losses


def test_the_term_makes_tasks_prefer_modalities() -> None:
    """Minimising R alone raises the information between modality and task."""
    batch = _planted(32, 1)
    model = _model("m4oe", alpha=1.0, mi_unit="modality", mi_reduction="mean")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    values = []
    for _ in range(60):
        optimizer.zero_grad()
        term = model(batch).losses["mutual_information"]
        term.backward()
        optimizer.step()
        values.append(-term.item())
    assert values[0] < 0.02
    assert values[-1] > 0.1
    shares = model.eval()(batch).info["share:probability"].mean(dim=0)  # (T, M)
    assert (shares[0] - shares[1]).abs().max() > 0.2


def test_shares_of_modalities() -> None:
    batch = _planted(3, 1)
    hidden = replace(batch, observed=torch.tensor([[True, True], [False, True], [False, False]]))
    info = _model("m4oe").eval()(hidden).info
    assert sorted(info) == ["share:combine", "share:dispatch", "share:probability"]
    for share in info.values():
        assert share.shape == (3, 2, 2)
        assert torch.allclose(share[0].sum(dim=1), torch.ones(2))
        assert torch.equal(share[1], torch.tensor([[0.0, 1.0], [0.0, 1.0]]))
        assert not share[2].any()


def test_with_one_task_the_term_is_nothing() -> None:
    loss = _model("m4oe", (TASKS[0],))(_planted(3, 1)).losses["mutual_information"]
    assert loss.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("router", ["joint", "modality", "disjoint"])
@pytest.mark.parametrize("unit", ["sample", "token"])
@pytest.mark.parametrize("combination", ["sum", "log"])
def test_every_router_of_fuse_moe_runs(router: str, unit: str, combination: str) -> None:
    settings = {"router": router, "unit": unit, "combination": combination, "top_k": 4}
    model = _model("fuse_moe", **settings).train()
    batch = _planted(4, 1)
    batch = replace(batch, observed=torch.tensor([[1, 1], [1, 0], [0, 1], [0, 0]]).bool())
    output = model(batch)
    assert list(output.losses) == ["balance"]
    _loss(output, batch).backward()
    assert all(one.grad is not None for one in model.parameters())
    layer = model.get_submodule("layers.0")
    assert len(layer.get_submodule("routers")._modules) == (1 if router == "joint" else 2)
    assert len(layer.get_submodule("experts")._modules) == (2 if router == "disjoint" else 1)


def test_numbers_of_experts_by_layer() -> None:
    model = _model("fuse_moe", layers=2, experts=[4, 2])
    counts = [model.get_parameter(f"layers.{i}.routers.0.weight").shape[0] for i in range(2)]
    assert counts == [4, 2]
    with pytest.raises(UsageError, match="3 layers and 2 numbers of experts"):
        _model("fuse_moe", layers=3, experts=[4, 2])


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, {}) for name in SMALL),
        ("fuse_moe", {"combination": "log"}),
        ("fuse_moe", {"unit": "token", "router": "disjoint"}),
        ("m4oe", {"mtoe": "shared", "readout": "mean"}),
    ],
)
def test_bfloat16_gives_nearly_the_same_loss(name: str, settings: dict[str, Any]) -> None:
    model, batch = _model(name, (*TASKS, SEG), dense="cc", **settings).eval(), _planted(6, 1)
    batch.observed[0, 0] = batch.observed[1, 1] = False
    batch.observed[2] = False
    with torch.no_grad():
        exact = _loss(model(batch), batch).item()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(batch)
    rough = _loss(
        Output({task: one.float() for task, one in output.logits.items()}, output.losses), batch
    )
    rough.backward()
    assert rough.item() == pytest.approx(exact, rel=0.02)
    found = [one.grad for one in model.parameters() if one.grad is not None]
    assert all(bool(one.isfinite().all()) for one in found)
