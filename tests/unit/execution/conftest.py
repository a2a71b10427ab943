"""Planned runs that need no model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.execution.bundle import Bundle
from benchmark.manifest.plan import PlannedRun, Use
from benchmark.store.runs import RunStore

MakeRun = Callable[..., PlannedRun]

EXECUTORS = """
import os

from benchmark.core.errors import DivergedError, StoreError
from benchmark.execution.executor import Outcome

def fine(spec, job):
    os.write(1, f"computing {spec.seed}\\n".encode())
    job.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    job.checkpoint.write_text("epoch")
    job.progress("epoch", {"epoch": 1})
    return Outcome(info={"device": job.device, "source": job.source}, seconds={"fit": 0.5})

def broken(spec, job):
    raise RuntimeError("out of luck")

def no_store(spec, job):
    raise StoreError("the disk is full", "free some space")

def weights(spec, job):
    import torch
    return Outcome(weights={"w": torch.arange(6.0).reshape(2, 3).T})
"""


@pytest.fixture
def store(paths: Paths) -> RunStore:
    return RunStore(paths.cache)


@pytest.fixture
def make_run() -> MakeRun:
    def make(seed: int = 0, **fields: Any) -> PlannedRun:
        component = ComponentSpec(
            dataset="toy", loader=Ref(name="toy"), modalities=("x",), tasks=("y",), data="toy"
        )
        spec = RunSpec(
            components=(component,),
            model=Ref(name="toy"),
            strategy=Ref(name="plain"),
            split=SplitSpec(),
            seed=seed,
        )
        uses = (Use(table="suite/toy", row="a"), Use(table="suite/toy", row="b"))
        return PlannedRun(spec=spec, label=f"toy {seed}", uses=uses, **fields)

    return make


@pytest.fixture
def make_bundle(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Return a function that writes a bundle file; executors are in module ``unit_executors``."""
    (tmp_path / "unit_executors.py").write_text(EXECUTORS)
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(*runs: PlannedRun, executor: str = "fine", **fields: Any) -> Path:
        bundle = Bundle(
            cache=str(paths.cache), runs=runs, executor=f"unit_executors:{executor}", **fields
        )
        path = tmp_path / "bundle.json"
        path.write_text(bundle.model_dump_json())
        return path

    return make
