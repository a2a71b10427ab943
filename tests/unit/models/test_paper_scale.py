"""Parameters of the baselines in the sizes that come near Table 13 of the M4oE paper.

They are counted on the meta device. The widths of the heads' hidden layers are fitted, since none
is told; the backbone is ViT-B/16 at 224 pixels, on RSNA's two views and two tasks.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.models import MODELS
from benchmark.models._base import Model
from benchmark.models.encoders import ENCODERS
from benchmark.training.strategies.plain import parameter_counts

VIT = 85_798_656
VIEWS = ("cc", "mlo")
PAIRS = ("cc", "mlo", "cc_other", "mlo_other")
TASKS = {"density": 4, "birads": 3}


def _counts(name: str, views: tuple[str, ...], settings: dict[str, Any]) -> dict[str, int]:
    component = Component(
        dataset="rsna",
        modalities=tuple(Modality(name=one, kind="image", shape=(1, 224, 224)) for one in views),
        tasks=tuple(
            Task(name=task, kind="multiclass", classes=tuple(map(str, range(count))))
            for task, count in TASKS.items()
        ),
    )
    outputs = {f"rsna/{task}": count for task, count in TASKS.items()}
    problem = Problem(components=(component,), outputs=outputs)
    config = MODELS.config(name).parse(settings)
    vit = ENCODERS.config("vit").parse({"arch": "vit_base_patch16_224"})
    with torch.device("meta"):
        encoders = {
            one: ENCODERS.load("vit")(
                component.modality(one), vit, output=config.encoder_gives(one)
            )
            for one in config.encoded(views)
        }
        model = MODELS.load(name)(problem, encoders, config)
    assert isinstance(model, Model)
    return parameter_counts(model)


@pytest.mark.parametrize(
    ("name", "settings", "printed"),
    [
        ("mirai", {"width": 768, "layers": 6, "hidden": 2048, "head_hidden": [512]}, 120.4),
        ("evif", {"head_hidden": [224]}, 188.1),
        ("fuller", {"layers": 7, "head_hidden": [912]}, 211.6),
        ("aide", {"layers": 15, "share_layers": True}, 254.3),
    ],
)
def test_counts_round_to_the_printed_ones(
    name: str, settings: dict[str, Any], printed: float
) -> None:
    counts = _counts(name, VIEWS, settings)
    assert round(counts["total"] / 1e6, 1) == printed
    assert counts["encoders"] == VIT * (1 if name == "mirai" else 2)


def test_asymmirai_comes_near() -> None:
    """Two channel maps and linear heads already are half a million above the printed count."""
    counts = _counts("asymmirai", PAIRS, {"layers": 6})
    assert counts["total"] == 205_873_159
    assert 0 < counts["total"] / 205.4e6 - 1 < 0.01
    assert counts["encoders"] == 2 * VIT


def test_the_gap_between_asymmirai_and_mirai_is_a_backbone() -> None:
    mirai = {"width": 768, "layers": 6, "hidden": 2048, "head_hidden": [512]}
    gap = (
        _counts("asymmirai", PAIRS, {"layers": 6})["total"]
        - _counts("mirai", VIEWS, mirai)["total"]
    )
    assert gap == pytest.approx(85.0e6, rel=0.01)


@pytest.mark.parametrize(
    ("name", "views", "settings"),
    [
        ("mirai", VIEWS, {"width": 768}),
        ("asymmirai", PAIRS, {}),
        ("eyemost", VIEWS, {}),
        ("eyestar", VIEWS, {}),
    ],
)
def test_a_block_of_task_experts_has_604_million_parameters(
    name: str, views: tuple[str, ...], settings: dict[str, Any]
) -> None:
    """128 experts of 768 x 3072 x 768, slots of two tasks, attention, norms, task vectors."""
    with_ = _counts(name, views, {**settings, "mtoe": {"experts": 128}})["total"]
    without = _counts(name, views, settings)["total"]
    d, h, n, t = 768, 3072, 128, 2
    block = n * (2 * d * h + h + d) + d * n * t + 1 + t * d + 4 * d * d + 8 * d
    if name == "eyestar":  # reads one vector instead of two, has no vectors for missing ones
        block -= 768 * 7 + 2 * 768
    assert with_ - without == block
