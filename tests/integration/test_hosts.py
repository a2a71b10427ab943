"""The baselines of the M4oE paper learn what a modality tells."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.models import MODELS
from benchmark.training.execute import ExecutionContext, execute

ENCODERS = {
    "vector": Ref(name="mlp", config={"width": 8, "hidden": [16]}),
    "tokens": Ref(name="patch", config={"width": 8, "patches": 1}),
}
TRAINING: dict[str, Any] = {"epochs": 12, "batch_size": 32, "optimizer": {"lr": 0.01}}
SMALL = {"heads": 2, "hidden": 16, "dropout": 0.0}
MODELS_AND_SETTINGS: dict[str, dict[str, Any]] = {
    "mirai": {"width": 8, "heads": 2, "dropout": 0.0},
    "asymmirai": {"pairs": [["a", "b"]], "share_encoder": "none"},
    "eyemost": {"hidden": 16},
    "eyestar": {"head_hidden": [16]},
    "evif": {**SMALL, "estimator_hidden": 4},
    "fuller": SMALL,
    "aide": SMALL,
    "multimodn": {"hidden": [16], "dropout": 0.0},
}
MTOE = {"experts": 4, "heads": 2, "hidden": 16}
#: Own strategies of models that have one.
STRATEGIES = {"evif": "min_max", "fuller": "gradient_calibration"}


def accuracy(paths: Paths, mechanisms: dict[str, float], model: str, **config: Any) -> float:
    """Train a model on 400 planted samples and return its test accuracy."""
    options = DATASETS.config("planted").parse({"n": 400, "width": 4, "mechanisms": mechanisms})
    release = DATASETS.load("planted").probe(options, DataContext(paths))
    encoder = ENCODERS[MODELS.config(model).encoder_output]
    strategy = Ref(name=STRATEGIES.get(model, "plain"), config=TRAINING)
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
        encoders={"a": encoder, "b": encoder},
        losses={"label": Ref(name="bce")},
        strategy=strategy,
        split=SplitSpec(kind="kfold", folds=5, stratify="label"),
    )
    outcome = execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda *_: None))
    values = [r.value for r in outcome.rows if (r.part, r.metric) == ("test", "acc")]
    assert values[0] is not None
    return values[0]


@pytest.mark.parametrize("model", list(MODELS_AND_SETTINGS))
def test_baselines_find_what_one_modality_tells(paths: Paths, model: str) -> None:
    found = accuracy(paths, {"unique:b": 1.0}, model, **MODELS_AND_SETTINGS[model])
    assert found > 0.8


@pytest.mark.parametrize("model", ["mirai", "asymmirai", "eyemost", "eyestar"])
def test_so_they_do_through_task_experts(paths: Paths, model: str) -> None:
    settings = {**MODELS_AND_SETTINGS[model], "mtoe": MTOE}
    assert accuracy(paths, {"unique:b": 1.0}, model, **settings) > 0.8
