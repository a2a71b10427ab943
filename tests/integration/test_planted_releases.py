"""What the generators of releases plant is found by models that read the official files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.training.execute import ExecutionContext, execute

MLP = Ref(name="mlp", config={"width": 32, "hidden": [64]})
GRU = Ref(name="gru", config={"width": 32, "hidden": 32})
TRAINING = {
    "epochs": 30,
    "batch_size": 64,
    "optimizer": {"lr": 0.003},
    "early_stopping": {"patience": 6},
}


@dataclass(frozen=True)
class Set:
    """A dataset, two of its modalities that share the synergy, and a task."""

    name: str
    pair: tuple[str, str]
    task: str
    encoder: Ref = MLP
    options: Mapping[str, Any] = field(default_factory=dict)


MIMIC = Set("mimic_mortality", ("lab", "note"), "mortality_1y", options={"synthetic_size": 1200})
MOSI = Set("mosi", ("audio", "text"), "sentiment", GRU, {"synthetic_size": 900})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: releases are generated once."""
    return tmp_path_factory.mktemp("cache")


def _score(
    cache: Path, one: Set, mechanism: str, model: str, config: dict[str, Any], metric: str
) -> float:
    """Train on a release with one mechanism and return a metric on test."""
    paths = Paths(cache=cache)
    config_class = DATASETS.config(one.name)
    options = config_class.parse({**one.options, "synthetic_mechanisms": {mechanism: 1.0}})
    release = DATASETS.load(one.name).probe(options, DataContext(paths))
    control = model in ("best_single", "ridge_logistic", "boosting")
    component = ComponentSpec(
        dataset=one.name,
        loader=Ref(name=one.name, config=options.model_dump(mode="json")),
        modalities=one.pair,
        tasks=(one.task,),
        data=release.fingerprint,
    )
    training = {**TRAINING, "selection": {"metric": metric}}
    spec = RunSpec(
        components=(component,),
        model=Ref(name=model, config=config),
        encoders={} if control else dict.fromkeys(one.pair, one.encoder),
        losses={} if control else {one.task: Ref(name="cross_entropy")},
        strategy=Ref(name="fit") if control else Ref(name="plain", config=training),
        split=SplitSpec(kind="official"),
    )
    outcome = execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda *_: None))
    found = [row.value for row in outcome.rows if (row.part, row.metric) == ("test", metric)]
    assert found[0] is not None
    return found[0]


@pytest.mark.slow
@pytest.mark.parametrize("one", [MIMIC, MOSI], ids=lambda one: one.name)
def test_only_fusion_finds_synergy(cache: Path, one: Set) -> None:
    """The AUROC of a coin on the 180 (281) test samples is 0.5 with a standard error of 0.04."""
    fused = _score(cache, one, "synergy", "early_fusion", {"hidden": [64]}, "auroc_binary")
    alone = [
        _score(cache, one, "synergy", "unimodal", {"modality": name}, "auroc_binary")
        for name in one.pair
    ]
    assert fused > 0.75
    assert max(alone) < 0.65
    assert fused > max(alone) + 0.15


@pytest.mark.slow
def test_unique_information_is_in_its_modality_alone(cache: Path) -> None:
    lab, note = (
        _score(cache, MIMIC, "unique:note", "unimodal", {"modality": name}, "auroc_binary")
        for name in ("lab", "note")
    )
    assert note > 0.95
    assert lab < 0.65
    assert _score(cache, MIMIC, "unique:note", "best_single", {}, "auroc_binary") > 0.95
