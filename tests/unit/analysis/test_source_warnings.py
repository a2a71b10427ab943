"""Warnings about the data of several tables."""

from __future__ import annotations

from pathlib import Path

from benchmark.analysis.captions import source_warnings, warnings
from benchmark.core.paths import Paths
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.selection import Request


def test_one_line_for_each_kind_of_source() -> None:
    """As ``compare`` finds them: one table of two datasets, one table of each."""
    pairs = [("embed", "synthetic"), ("rsna", "synthetic"), ("tcga", "real"), ("eicu", "partial")]
    lines = source_warnings([*pairs, ("embed", "synthetic"), ("rsna", "synthetic")])
    assert len(lines) == 2
    assert lines[0].startswith("eicu: ")
    assert lines[1] == "embed, rsna: SYNTHETIC data; not comparable with printed numbers."
    assert source_warnings([("tcga", "real")]) == ()


def test_options_that_leak_are_told_below_the_table(tmp_path: Path, paths: Paths) -> None:
    text = """\
schema_version: 1
id: suite/leaky
title: Stays of a patient in several parts
datasets:
  honest: {loader: mimic_icu}
  leaky: {loader: mimic_icu, options: {grouping: stay}}
columns:
  - {dataset: honest, task: ihm, metrics: [auroc_binary]}
  - {dataset: leaky, task: ihm, metrics: [auroc_binary]}
settings:
  split: {kind: ratio}
  seeds: [0]
rows:
  - {key: prior, label: Prior, model: prior}
sources:
  settings: "ours: a test"
  datasets: "ours: a test"
"""
    (tmp_path / "leaky.yaml").write_text(text)
    expansion = expand(load_manifest(tmp_path / "leaky.yaml"), Request(DataContext(paths)))
    told = [line for line in warnings(expansion) if "LEAKS" in line]
    assert told == ["leaky: LEAKS: stays of a patient lie in several parts, results are too good."]
