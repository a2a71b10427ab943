"""What the generators of ADNI, ENRICO and MM-IMDb plant is learned from their official files."""

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
SCREEN = Ref(name="small_cnn", config={"width": 32, "image_size": 64})
FUSION = "early_fusion"


@dataclass(frozen=True)
class Set:
    """A dataset with the encoders of the modalities used, a task, and a metric of it."""

    name: str
    encoders: Mapping[str, Ref]
    task: str
    metric: str
    loss: str = "cross_entropy"
    options: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 20


MMIMDB = Set("mmimdb", {"text": MLP, "image": MLP}, "genre", "f1_micro", "bce")
SMALL = {"synthetic_size": 400, "synthetic_snps": 500}
TABLES = Set("adni", {"genomic": MLP, "clinical": MLP}, "diagnosis", "acc", options=SMALL)
SCREENS = {"screenshot": SCREEN, "wireframe": SCREEN}
ENRICO = Set("enrico", SCREENS, "topic", "acc", epochs=25)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: releases are generated once."""
    return tmp_path_factory.mktemp("cache")


def _score(cache: Path, one: Set, model: str, mechanism: str = "") -> float:
    """Train on a release, of one mechanism or of the usual mixture, and return the test metric."""
    paths, control = Paths(cache=cache), model == "prior"
    planted = {"synthetic_mechanisms": {mechanism: 1.0}} if mechanism else {}
    options = DATASETS.config(one.name).parse({**one.options, **planted})
    component = ComponentSpec(
        dataset=one.name,
        loader=Ref(name=one.name, config=options.model_dump(mode="json")),
        modalities=tuple(one.encoders),
        tasks=(one.task,),
        data=DATASETS.load(one.name).probe(options, DataContext(paths)).fingerprint,
    )
    training = {
        "epochs": one.epochs,
        "batch_size": 32,
        "optimizer": {"lr": 0.003},
        "selection": {"metric": one.metric},
    }
    spec = RunSpec(
        components=(component,),
        model=Ref(name=model, config={} if control else {"hidden": [64]}),
        encoders={} if control else dict(one.encoders),
        losses={} if control else {one.task: Ref(name=one.loss)},
        strategy=Ref(name="fit") if control else Ref(name="plain", config=training),
        split=SplitSpec(kind="official"),
    )
    outcome = execute(spec, ExecutionContext(paths, "auto", "cpu", None, lambda *_: None))
    found = [row.value for row in outcome.rows if (row.part, row.metric) == ("test", one.metric)]
    assert found[0] is not None
    return found[0]


def test_genres_are_learned_from_the_usual_mixture(cache: Path) -> None:
    """The prior says Drama of all of the 180 films."""
    assert _score(cache, MMIMDB, FUSION) > _score(cache, MMIMDB, "prior") + 0.4


def test_a_diagnosis_that_tables_and_alleles_share_is_learned(cache: Path) -> None:
    """A class as often as 44 percent of 60 subjects: the error of an accuracy is 0.06."""
    assert _score(cache, TABLES, FUSION, "shared") > _score(cache, TABLES, "prior", "shared") + 0.3


@pytest.mark.slow
def test_topics_are_learned_from_screens(cache: Path) -> None:
    """20 topics; the commonest is 13 percent of 60 screens."""
    assert _score(cache, ENRICO, FUSION, "shared") > _score(cache, ENRICO, "prior", "shared") + 0.4
