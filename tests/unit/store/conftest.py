"""Results to store."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from benchmark.core.paths import Paths
from benchmark.core.result import Failure, MetricRow, Release, RunResult, Status
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.store.runs import RunStore

MakeResult = Callable[..., RunResult]


@pytest.fixture
def store(paths: Paths) -> RunStore:
    return RunStore(paths.cache)


@pytest.fixture
def make_result() -> MakeResult:
    """Return a maker of results that differ by seed."""

    def make(seed: int = 0, status: Status = "ok", value: float = 0.9) -> RunResult:
        component = ComponentSpec(
            dataset="wdbc",
            loader=Ref(name="wdbc"),
            modalities=("mean", "worst"),
            tasks=("diagnosis",),
            data="abc",
        )
        spec = RunSpec(
            components=(component,),
            model=Ref(name="early_fusion"),
            strategy=Ref(name="plain"),
            split=SplitSpec(kind="kfold", folds=5, fold=seed % 5),
            seed=seed,
        )
        row = MetricRow(
            part="test", dataset="wdbc", task="diagnosis", metric="acc", value=value, n=100
        )
        undefined = row.model_copy(
            update={"metric": "auroc_binary", "value": None, "reason": "one class", "n_pos": 0}
        )
        ok = status == "ok"
        return RunResult(
            spec=spec,
            status=status,
            rows=(row, undefined) if ok else (),
            releases={"wdbc": Release(id="WDBC", version="1995", source="real", fingerprint="abc")},
            failure=None if ok else Failure(type="RuntimeError", message="no luck"),
            seconds={"total": 1.5},
            limits={"timeout": 60.0},
            provenance={"device": "cpu", "tables": ["suite/quickstart"]},
            started="2026-01-01T00:00:00+00:00",
        )

    return make


@pytest.fixture
def predictions() -> pd.DataFrame:
    return pd.DataFrame({"sample_id": ["a", "b"], "score": [0.25, 0.5]})
