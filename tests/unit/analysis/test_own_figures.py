"""Figures that a table asks for: found among stored evaluations, one per dataset and task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from benchmark.analysis.aggregate import build_table
from benchmark.analysis.own_figures import OwnFigures
from benchmark.core.errors import ManifestError
from benchmark.core.paths import Paths
from benchmark.core.result import MetricRow, Release, RunResult
from benchmark.manifest.expand import Expansion
from benchmark.manifest.load import load_manifest
from benchmark.render.figures.canvas import styled
from benchmark.store.runs import RunStore
from benchmark.store.view import load_view

MANIFEST = """\
schema_version: 1
id: suite/drawn
title: A table with figures
datasets:
  planted: {options: {n: 60}}
columns:
  - {dataset: planted, task: label, metrics: [acc]}
settings:
  encoders: {"*": {name: mlp}}
  split: {folds: 2}
rows:
  - {key: early, label: Early, model: early_fusion}
  - {key: each, label: Each expert, kind: evaluate, of: early, analysis: {name: experts}}
figures:
  - {name: expert_weights, row: each}
  - {name: expert_sample, row: each, settings: {position: 1}}
sources:
  settings: "ours: a test"
  datasets: "ours: a test"
  rows: "ours: a test"
"""

Tables = Callable[..., list[Expansion]]


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with styled():
        yield


def _store(expansion: Expansion, paths: Paths, credentialed: bool = False) -> RunStore:
    """Store what the analysis could have found: two samples in each fold."""
    store = RunStore(paths.cache)
    release = Release(
        id="Planted", version="1", source="synthetic", fingerprint="x", credentialed=credentialed
    )
    children = [run for run in expansion.runs if run.spec.kind == "evaluate"]
    for number, run in enumerate(children):
        samples = pd.DataFrame(
            {
                "part": "test",
                "task": "label",
                "sample_id": [f"{number}-0", f"{number}-1"],
                "y0": 1.0,
                "mixture:0": [0.5, 0.7],
                "logit:a:0": [1.0, 2.0],
                "weight:a": [0.25 + number / 4, 0.5],
            }
        )
        row = MetricRow(part="test", dataset="planted", task="label", metric="acc", value=0.5, n=2)
        result = RunResult(spec=run.spec, status="ok", rows=(row,), releases={"planted": release})
        store.write(result, samples=samples)
    return store


def _own(expansion: Expansion, store: RunStore) -> OwnFigures:
    view = load_view(store)
    table = build_table(expansion, view)
    return OwnFigures(expansion, table, view, store.read_samples, store.plain)


def test_samples_of_all_runs_are_drawn_together(tables: Tables, paths: Paths) -> None:
    (expansion,) = tables(MANIFEST)
    own = _own(expansion, _store(expansion, paths))
    found = dict(own.draw())
    assert list(found) == [
        "suite-drawn-expert_weights-each-planted-label",
        "suite-drawn-expert_sample-each-planted-label",
    ]
    first = found["suite-drawn-expert_weights-each-planted-label"]
    (mean,) = {line.get_ydata()[0] for line in first.axes[0].lines if line.get_linewidth() == 1.6}
    assert mean == pytest.approx((0.25 + 0.5 + 0.5 + 0.5) / 4)
    texts = " ".join(text.get_text() for text in first.texts)
    assert "suite/drawn: Each expert (planted: label)" in texts
    assert "SYNTHETIC data" in texts
    sample = found["suite-drawn-expert_sample-each-planted-label"]
    assert "Test sample 0-1" in " ".join(text.get_text() for text in sample.texts)
    assert own.missing == []


def test_what_cannot_be_drawn_is_named(tables: Tables, paths: Paths) -> None:
    (expansion,) = tables(MANIFEST)
    own = _own(expansion, _store(expansion, paths, credentialed=True))
    assert [name for name, _ in own.draw()] == ["suite-drawn-expert_weights-each-planted-label"]
    assert own.missing == ["expert_sample of each on planted"]
    empty = _own(expansion, RunStore(paths.cache / "empty"))
    assert list(empty.draw()) == []
    assert len(empty.missing) == 2


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("expert_weights, row: each", "expert_weight, row: each", "unknown figure 'expert_weight'"),
        ("expert_weights, row: each", "expert_weights, row: early", "unknown row of kind evaluate"),
        ("{position: 1}", "{position: -1}", "figures.1.settings.position: must be greater"),
        ("row: each, settings", "row: each, datasets: [tie], settings", "unknown dataset 'tie'"),
    ],
)
def test_figures_are_checked(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert MANIFEST.count(old) == 1
    path = tmp_path / "drawn.yaml"
    path.write_text(MANIFEST.replace(old, new))
    with pytest.raises(ManifestError, match=problem):
        load_manifest(path)
