"""Fusion finds what no single modality has, and does not beat what one modality has alone."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.models import MODELS
from benchmark.training.execute import ExecutionContext, execute

VECTOR = Ref(name="mlp", config={"width": 16, "hidden": [16]})
TOKENS = Ref(name="patch", config={"width": 16, "patches": 2})
TRAINING: dict[str, Any] = {
    "epochs": 25,
    "batch_size": 64,
    "optimizer": {"lr": 0.01},
    "early_stopping": {"patience": 8},
}


def _accuracy(paths: Paths, mechanisms: dict[str, float], model: str, **config: Any) -> float:
    """Train one model on 600 planted samples and return its test accuracy."""
    options = DATASETS.config("planted").parse({"n": 600, "width": 4, "mechanisms": mechanisms})
    release = DATASETS.load("planted").probe(options, DataContext(paths))
    control = model in ("ridge_logistic", "best_single", "boosting")
    tokens = not control and MODELS.config(model).parse(config).encoder_gives("a") == "tokens"
    encoder = TOKENS if tokens else VECTOR
    spec = RunSpec(
        components=(
            ComponentSpec(
                dataset="planted",
                loader=Ref(name="planted", config=options.model_dump(mode="json")),
                modalities=("a", "b"),
                tasks=("label",),
                data=release.fingerprint,
            ),
        ),
        model=Ref(name=model, config=config),
        encoders={} if control else {"a": encoder, "b": encoder},
        losses={} if control else {"label": Ref(name="bce")},
        strategy=Ref(name="fit") if control else Ref(name="plain", config=TRAINING),
        split=SplitSpec(kind="kfold", folds=5, stratify="label"),
    )
    outcome = execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda *_: None))
    values = [r.value for r in outcome.rows if (r.part, r.metric) == ("test", "acc")]
    assert values[0] is not None
    return values[0]


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("early_fusion", {"hidden": [32]}),
        ("joint_transformer", {"heads": 2, "dropout": 0.0}),
        (
            "i2moe",
            {
                "fusion": {"name": "early_fusion", "hidden": [32]},
                "interaction_weight": 0.01,
                "weight_dropout": 0.0,
            },
        ),
        ("lrmf", {"rank": 8, "width": 16, "hidden": [16]}),
        ("tensor_fusion", {"hidden": [32]}),
        ("mult", {"width": 8, "layers": 1, "self_layers": 1, "heads": 2, "pool": "mean"}),
    ],
)
def test_fusion_solves_xor(paths: Paths, model: str, config: dict[str, Any]) -> None:
    assert _accuracy(paths, {"xor": 1.0}, model, **config) > 0.85


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("unimodal", {"modality": "a"}),
        ("unimodal", {"modality": "b"}),
        ("late_fusion", {}),
        ("ridge_logistic", {}),
        ("best_single", {}),
        ("best_single", {"estimator": "boosting"}),
    ],
)
def test_nothing_else_does(paths: Paths, model: str, config: dict[str, Any]) -> None:
    """120 test samples: four standard errors around a coin are 0.5 +- 0.18."""
    assert 0.32 < _accuracy(paths, {"xor": 1.0}, model, **config) < 0.68


def test_unique_information_is_found_by_its_modality_alone(paths: Paths) -> None:
    unique = {"unique:b": 1.0}
    assert _accuracy(paths, unique, "unimodal", modality="b") > 0.95
    assert _accuracy(paths, unique, "unimodal", modality="a") < 0.68
    assert _accuracy(paths, unique, "best_single") > 0.95


def test_shared_information_is_found_by_every_model(paths: Paths) -> None:
    shared = {"shared": 1.0}
    for modality in ("a", "b"):
        assert _accuracy(paths, shared, "unimodal", modality=modality) > 0.95
    assert _accuracy(paths, shared, "late_fusion") > 0.95
