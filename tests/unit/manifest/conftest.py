"""A dataset with three tasks, and manifests to break."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmark.core.errors import DataNotAvailable, ManifestError
from benchmark.core.paths import Paths
from benchmark.core.problem import Component, Modality, Task
from benchmark.core.registry import Entry
from benchmark.core.result import Release
from benchmark.datasets import DATASETS
from benchmark.datasets._base import DataContext, DatasetConfig
from benchmark.manifest.load import load_manifest
from benchmark.manifest.schema import Manifest


class ToyConfig(DatasetConfig):
    """Options of the toy release."""

    size: int = 4
    source: str = "synthetic"


class Toy:
    """A release that is only described."""

    @classmethod
    def probe(cls, config: ToyConfig, context: DataContext) -> Release:
        if context.source == "partial":
            raise DataNotAvailable("toy is not on this machine", "put it into DATA/toy")
        source: Any = config.source
        return Release(id="toy", version="1", source=source, fingerprint=f"toy-{config.size}")

    @classmethod
    def describe(cls, config: ToyConfig) -> Component:
        return Component(
            dataset="toy",
            modalities=tuple(
                Modality(name=name, kind="vector", shape=(config.size,)) for name in ("x", "y")
            ),
            tasks=(
                Task(name="yes", kind="binary", classes=("no", "yes")),
                Task(name="colour", kind="multiclass", classes=("r", "g", "b")),
                Task(name="tags", kind="multilabel", classes=("t", "u")),
            ),
        )


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the release as ``toy``."""
    module = ModuleType("toy_release")
    module.Toy, module.ToyConfig = Toy, ToyConfig  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_release", module)
    entry = Entry(target="toy_release:Toy", config="toy_release:ToyConfig", result_version=3)
    monkeypatch.setitem(DATASETS._entries, "toy", entry)


@pytest.fixture
def context(paths: Paths) -> DataContext:
    """Nothing but what is generated or embedded."""
    return DataContext(paths)


GOOD = """\
schema_version: 1
id: suite/good
title: A table that holds
datasets:
  toy: {}
columns:
  - {dataset: toy, task: yes, metrics: [acc, auroc_binary]}
  - {dataset: toy, task: colour, metrics: [acc]}
settings:
  encoders: {"*": {name: mlp}}
  training: {epochs: 3, selection: {metric: acc}}
  split: {folds: 2}
  seeds: [0, 1]
rows:
  - {key: prior, label: Prior, model: prior}
  - key: early
    label: Early
    model: early_fusion
    settings: {config: {hidden: [8]}}
reference: early
sources:
  settings: "ours: small"
  rows.early.settings: "ours: small"
"""


@pytest.fixture
def good() -> str:
    """Text of a manifest without a problem."""
    return GOOD


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Manifest]:
    """Write a text to a file and load it."""

    def write_and_load(text: str) -> Manifest:
        path = tmp_path / "f.yaml"
        path.write_text(text)
        return load_manifest(path)

    return write_and_load


@pytest.fixture
def problems(load: Callable[[str], Manifest], tmp_path: Path) -> Callable[[str], list[str]]:
    """Load a text and return what is wrong, without the folder."""

    def find(text: str) -> list[str]:
        try:
            load(text)
        except ManifestError as error:
            return [one.replace(f"{tmp_path}/", "") for one in error.problems]
        return []

    return find
