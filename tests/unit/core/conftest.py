"""A run spec to vary."""

from __future__ import annotations

import pytest

from benchmark.core.spec import ComponentSpec, MissingSpec, Ref, RunSpec, SplitSpec


@pytest.fixture
def spec() -> RunSpec:
    """A spec with every field away from its default."""
    return RunSpec(
        components=(
            ComponentSpec(
                dataset="wdbc",
                loader=Ref(name="wdbc", config={"option": 1.5}),
                modalities=("mean", "worst"),
                tasks=("diagnosis",),
                data="abc",
            ),
        ),
        model=Ref(name="early_fusion", config={"hidden": [64]}, version=2),
        encoders={"mean": Ref(name="mlp", config={"width": 8})},
        losses={"diagnosis": Ref(name="bce")},
        strategy=Ref(name="plain", config={"epochs": 3}),
        split=SplitSpec(kind="kfold", folds=5, fold=2, stratify="diagnosis", seed=7),
        missing=MissingSpec(rates={"mean": 0.3}, seed=4),
        seed=1,
        analysis=Ref(name="experts", config={"option": 1}),
        change=Ref(name="drop", config={"drop": ["mean"]}),
        device="cpu",
    )
