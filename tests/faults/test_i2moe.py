"""I2MoE killed in the middle of an epoch and gone on with: the same bits as undisturbed.

Its training draws masks and dropout in every step, and mean masks and balance losses carry state;
what a resumed run lost of it would show in the weights.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from benchmark.core.paths import Paths
from benchmark.core.spec import ComponentSpec, Ref, RunSpec, SplitSpec
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext
from benchmark.training.execute import ExecutionContext, Outcome, execute

TOKENS = Ref(name="patch", config={"width": 8, "patches": 2})
VECTOR = Ref(name="mlp", config={"width": 8, "hidden": [8], "dropout": 0.2})
TRANSFORMER = {"layers": 2, "heads": 2, "dropout": 0.5}
FUSIONS: dict[str, dict[str, Any]] = {
    "joint_transformer": TRANSFORMER,
    "switch_gate": {**TRANSFORMER, "experts": 3},
    "moepp": {**TRANSFORMER, "experts": 6},
    "interpretcc": {"dropout": 0.5},
}
#: Dies without a word at one of its training steps, as a process does that is killed.
DYING = """
import os, signal, sys
from pathlib import Path
from benchmark.core.paths import Paths
from benchmark.core.spec import RunSpec
from benchmark.models.i2moe.model import I2MoE
from benchmark.training.execute import ExecutionContext, execute
spec, cache, checkpoint, last = sys.argv[1:]
fuse, steps = I2MoE.fuse, []
def counted(self, *given, **named):
    steps.append(self.training)
    if sum(steps) == int(last):
        os.kill(os.getpid(), signal.SIGKILL)
    return fuse(self, *given, **named)
I2MoE.fuse = counted
context = ExecutionContext(
    Paths(cache=Path(cache)), "auto", "cpu", Path(checkpoint), lambda *_: None, checkpoint_every_s=0
)
execute(RunSpec.model_validate_json(Path(spec).read_text()), context)
"""
#: 84 training samples.
STEPS_PER_EPOCH = 6


def _spec(paths: Paths, fusion: str, mask: str) -> RunSpec:
    options = DATASETS.config("planted").parse({"n": 120, "missing": {"a": 0.2}})
    component = ComponentSpec(
        dataset="planted",
        loader=Ref(name="planted", config=options.model_dump(mode="json")),
        modalities=("a", "b"),
        tasks=("label",),
        data=DATASETS.load("planted").probe(options, DataContext(paths)).fingerprint,
    )
    encoder = VECTOR if fusion == "interpretcc" else TOKENS
    config = {"fusion": {"name": fusion, **FUSIONS[fusion]}, "mask": mask, "weight_hidden": 8}
    training = {"epochs": 5, "batch_size": 16, "optimizer": {"lr": 0.01}}
    return RunSpec(
        components=(component,),
        model=Ref(name="i2moe", config=config),
        encoders={"a": encoder, "b": encoder},
        losses={"label": Ref(name="cross_entropy")},
        strategy=Ref(name="plain", config=training),
        split=SplitSpec(kind="kfold", folds=5, stratify="label"),
        seed=3,
    )


def _execute(spec: RunSpec, paths: Paths, checkpoint: Path | None = None) -> Outcome:
    epochs: list[int] = []

    def progress(event: str, facts: dict[str, Any]) -> None:
        epochs.extend([facts["epoch"]] if event == "epoch" else [])

    done = execute(spec, ExecutionContext(paths, "auto", "cpu", checkpoint, progress, 0))
    assert epochs == ([3, 4, 5] if checkpoint else [1, 2, 3, 4, 5])
    return done


@pytest.mark.parametrize(
    ("fusion", "mask"),
    [
        ("joint_transformer", "mean"),
        pytest.param("joint_transformer", "random", marks=pytest.mark.slow),
        pytest.param("switch_gate", "random", marks=pytest.mark.slow),
        pytest.param("moepp", "mean", marks=pytest.mark.slow),
        pytest.param("interpretcc", "zero", marks=pytest.mark.slow),
    ],
)
def test_killed_in_the_third_epoch_and_resumed(
    paths: Paths, tmp_path: Path, fusion: str, mask: str
) -> None:
    spec, file, checkpoint = _spec(paths, fusion, mask), tmp_path / "spec", tmp_path / "checkpoint"
    whole = _execute(spec, paths)
    file.write_text(spec.model_dump_json())
    last = str(2 * STEPS_PER_EPOCH + 3)
    given = [str(file), str(paths.cache), str(checkpoint), last]
    died = subprocess.run([sys.executable, "-c", DYING, *given], check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL
    torch.rand(7)
    again = _execute(spec, paths, checkpoint)
    assert again.rows == whole.rows
    assert again.info == whole.info
    assert whole.weights is not None
    assert again.weights is not None
    assert list(again.weights) == list(whole.weights)
    assert all(torch.equal(one, again.weights[name]) for name, one in whole.weights.items())
    assert whole.predictions is not None
    assert again.predictions is not None
    pd.testing.assert_frame_equal(again.predictions, whole.predictions, check_exact=True)
