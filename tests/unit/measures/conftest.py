"""A trained mixture of two experts on planted data, and the run that looks at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.measures import ANALYSES, SCENARIOS
from benchmark.measures._base import Parent
from benchmark.measures.execute import carry_out
from benchmark.plugins.loading import load_plugins
from benchmark.store.runs import sha256
from benchmark.training.execute import ExecutionContext, Outcome, execute

TOY = Path(__file__).with_name("toy_experts.py")


@dataclass
class Trained:
    """A finished run and its weights in a file."""

    spec: RunSpec
    outcome: Outcome
    parent: Parent
    context: ExecutionContext

    def child(self, analysis: str = "", change: dict[str, Any] | None = None) -> RunSpec:
        """Return the spec of a run that looks at this one."""
        scenario = None
        label = "clean"
        if change is not None:
            config = SCENARIOS.config("drop").parse(change)
            scenario = SCENARIOS.ref("drop", config.model_dump(mode="json"))
            label = config.label
        return self.spec.model_copy(
            update={
                "kind": "evaluate",
                "parents": (self.spec.fingerprint,),
                "analysis": ANALYSES.ref(analysis, {}) if analysis else None,
                "change": scenario,
                "scenario": label,
            }
        )

    def look(self, child: RunSpec, parents: Sequence[Parent] = ()) -> Outcome:
        """Carry out a run that looks at this one."""
        return carry_out(child, self.context, parents or [self.parent])


@pytest.fixture
def train(paths: Paths, tmp_path: Path, own_registries: None) -> Callable[..., Trained]:
    """Train the toy; keywords are options of the planted data."""
    load_plugins([str(TOY)])

    def make(model: str = "toy_experts", **options: Any) -> Trained:
        given = {"n": 240, "width": 3, "mechanisms": {"unique:a": 1.0}, **options}
        config = DATASETS.config("planted").parse(given)
        release = DATASETS.load("planted").probe(config, DataContext(paths))
        part = ComponentSpec(
            dataset="planted",
            loader=Ref(name="planted", config=config.model_dump(mode="json")),
            modalities=("a", "b"),
            tasks=("label",),
            data=release.fingerprint,
        )
        spec = RunSpec(
            components=(part,),
            model=Ref(name=model, config={}),
            encoders={name: Ref(name="mlp", config={"width": 4, "hidden": [8]}) for name in "ab"},
            losses={"label": Ref(name="cross_entropy")},
            strategy=Ref(name="plain", config={"epochs": 8, "optimizer": {"lr": 0.02}}),
            split=SplitSpec(kind="ratio", stratify="label"),
        )
        context = ExecutionContext(paths, "auto", "cpu", None, lambda *_: None)
        outcome = execute(spec, context)
        file = tmp_path / f"{spec.fingerprint}.safetensors"
        assert outcome.weights is not None
        save_file(outcome.weights, file)
        return Trained(spec, outcome, Parent(spec, file, sha256(file)), context)

    return make
