"""A small learnable problem, and run specs over the planted dataset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from benchmark.core.batch import Batch, ModalityData
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Modality, Problem, Task
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.losses import LOSSES
from benchmark.losses._base import Loss
from benchmark.models._base import Model
from benchmark.models.early_fusion.config import EarlyFusionConfig
from benchmark.models.early_fusion.model import EarlyFusion
from benchmark.models.encoders.config import MLPEncoderConfig
from benchmark.models.encoders.mlp import MLPEncoder

COMPONENT = Component(
    dataset="toy",
    modalities=tuple(Modality(name=name, kind="vector", shape=(4,)) for name in "ab"),
    tasks=(
        Task(name="kind", kind="multiclass", classes=("x", "y", "z")),
        Task(name="flag", kind="binary", classes=("no", "yes")),
    ),
)


@pytest.fixture
def component() -> Component:
    """Two modalities, two tasks."""
    return COMPONENT


@pytest.fixture
def model() -> Model:
    """Early fusion without dropout."""
    torch.manual_seed(0)
    encoders = {
        one.name: MLPEncoder(one, MLPEncoderConfig(width=6)) for one in COMPONENT.modalities
    }
    problem = Problem(components=(COMPONENT,), outputs={"toy/kind": 3, "toy/flag": 1})
    return EarlyFusion(problem, encoders, EarlyFusionConfig(hidden=(8,)))


@pytest.fixture
def losses() -> dict[str, Loss]:
    """Weighted cross-entropy and weighted BCE."""
    weighted = LOSSES.config("cross_entropy").parse({"weights": [1.0, 2.0, 5.0]})
    positive = LOSSES.config("bce").parse({"pos_weight": 3.0})
    none = torch.zeros(0).numpy()
    return {
        "kind": LOSSES.load("cross_entropy")(COMPONENT.task("kind"), weighted, none),
        "flag": LOSSES.load("bce")(COMPONENT.task("flag"), positive, none),
    }


@pytest.fixture
def batch() -> Batch:
    """Twelve samples; some labels and modalities are missing."""
    generator = torch.Generator().manual_seed(1)
    observed = torch.ones(12, 2, dtype=torch.bool)
    observed[3, 0] = observed[5] = False
    kind, flag = torch.arange(12) % 3, torch.arange(12) % 2
    kind[:3] = -1
    flag[2:7] = -1
    return Batch(
        dataset="toy",
        inputs={name: ModalityData(torch.randn(12, 4, generator=generator)) for name in "ab"},
        observed=observed,
        targets={"kind": kind, "flag": flag},
        rows=torch.arange(12),
    )


@pytest.fixture
def planted_spec(paths: Paths) -> Callable[..., RunSpec]:
    """Build a run over 150 planted samples; keywords replace fields of the spec."""

    def build(
        training: dict[str, Any] | None = None, data: dict[str, Any] | None = None, **fields: Any
    ) -> RunSpec:
        options = {
            "n": 150,
            "width": 3,
            "mechanisms": {"shared": 1.0},
            "noise": 0.1,
            **(data or {}),
        }
        config = DATASETS.config("planted").parse(options)
        release = DATASETS.load("planted").probe(config, DataContext(paths))
        component = ComponentSpec(
            dataset="planted",
            loader=Ref(name="planted", config=config.model_dump(mode="json")),
            modalities=("a", "b"),
            tasks=("label",),
            data=release.fingerprint,
        )
        small = {"width": 4, "hidden": [6], "dropout": 0.2}
        settings: dict[str, Any] = {
            "components": (component,),
            "model": Ref(name="early_fusion", config={"hidden": [6], "dropout": 0.2}),
            "encoders": {name: Ref(name="mlp", config=small) for name in "ab"},
            "losses": {"label": Ref(name="cross_entropy")},
            "strategy": Ref(name="plain", config={"epochs": 5, **(training or {})}),
            "split": SplitSpec(kind="ratio", stratify="label"),
        }
        return RunSpec(**settings | fields)

    return build
