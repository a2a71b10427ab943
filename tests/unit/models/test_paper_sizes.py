"""Printed parameter counts of M4oE's Table 13, counted without allocating anything."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
import torch

from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models.encoders import ENCODERS
from benchmark.models.encoders._base import Encoder

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("timm") and importlib.util.find_spec("torchvision")),
    reason="needs the extra 'vision'",
)
RISK = Task(name="risk_1y", kind="binary", classes=("no", "yes"))
DENSITY = Task(name="density", kind="multiclass", classes=tuple("abcd"))
BIRADS = Task(name="birads", kind="multiclass", classes=tuple("012"))


def _count(name: str, modalities: int, tasks: tuple[Task, ...], **settings: Any) -> int:
    component = Component(
        dataset="d",
        modalities=tuple(
            Modality(name=f"m{m}", kind="image", shape=(1, 224, 224)) for m in range(modalities)
        ),
        tasks=tasks,
    )
    problem = Problem(
        components=(component,), outputs={f"d/{task.name}": len(task.classes) for task in tasks}
    )
    config = ENCODERS.config("vit").parse({"arch": "vit_base_patch16_224"})
    with torch.device("meta"):
        encoders: dict[str, Encoder] = {
            one.name: ENCODERS.load("vit")(one, config, output="tokens")
            for one in component.modalities
        }
        model = MODELS.load(name)(problem, encoders, MODELS.config(name).parse(settings))
    assert all(one.is_meta for one in model.parameters())
    return sum(one.numel() for one in model.parameters())


@pytest.mark.parametrize(
    ("modalities", "depths", "billions"),
    [(2, (2, 5, 3), "3.16"), (2, (1, 2, 2), "1.55"), (4, (1, 2, 2), "2.34")],
    ids=["RSNA paper scale", "RSNA released", "EMBED released"],
)
def test_m4oe(modalities: int, depths: tuple[int, int, int], billions: str) -> None:
    tasks = (DENSITY, BIRADS) if modalities == 2 else (DENSITY, RISK, BIRADS)
    depth = dict(zip(("mtoe_depth", "msoe_depth", "final_depth"), depths, strict=True))
    count = _count("m4oe", modalities, tasks, **depth)
    assert f"{count / 1e9:.2f}" == billions

    expert, attention, norms = 4_722_432, 2_362_368, 2 * 2 * 768
    layers = {
        "mtoe": (depths[0], 128, len(tasks), len(tasks) * 768),
        "msoe": (modalities * depths[1], 32, 1, 0),
        "final": (depths[2], 16, 1, 0),
    }
    blocks = sum(
        times * (attention + norms + experts * (expert + 768 * slots) + 1 + vectors)
        for times, experts, slots, vectors in layers.values()
    )
    heads = sum(2 * 768 + 769 * (768 + len(task.classes)) for task in tasks)
    assert count == modalities * 85_798_656 + blocks + heads


@pytest.mark.parametrize(
    "settings",
    [
        {"layers": 1, "experts": 16, "hidden": 200},
        {"layers": 4, "unit": "token", "experts": [128, 128, 128, 16], "hidden": 3072},
    ],
    ids=["samples", "tokens"],
)
def test_fuse_moe(settings: dict[str, Any]) -> None:
    count = _count("fuse_moe", 2, (DENSITY, BIRADS), width=None, **settings)
    assert f"{count / 1e9:.1f}" == "2.1"
