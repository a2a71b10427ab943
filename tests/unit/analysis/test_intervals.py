"""Bootstrap intervals of cells from stored predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmark.analysis.intervals import (
    Scored,
    cell_intervals,
    interval,
    over_one_split,
    scored_from,
)
from benchmark.analysis.intervals_table import intervals_table, pooled_table
from benchmark.analysis.pooled import over_all_folds, pooled_intervals
from benchmark.analysis.statistics.bootstrap import BootstrapInterval
from benchmark.analysis.statistics.rank_auroc import rank_auroc
from benchmark.core.paths import Paths
from benchmark.core.problem import Task
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.load import load_manifest
from benchmark.manifest.selection import Request
from benchmark.metrics.dice import dice_macro, overlaps
from benchmark.metrics.evaluate import evaluate
from benchmark.render.formats import render
from benchmark.render.table import Column, Measured, Row, Table

MANIFEST = """\
schema_version: 1
id: suite/toy
title: A toy table
datasets:
  wdbc: {}
columns:
  - {dataset: wdbc, task: diagnosis, metrics: [acc, auroc_binary]}
settings:
  split: {kind: ratio}
  seeds: [0, 1]
rows:
  - {key: ridge, label: Ridge, model: ridge_logistic}
  - {key: trees, label: Trees, model: boosting, settings: {split: {kind: kfold, folds: 3}}}
sources:
  settings: "ours: a test"
  rows: "ours: a test"
"""
ACC, AUROC = ("ridge", "wdbc/diagnosis/acc"), ("ridge", "wdbc/diagnosis/auroc_binary")
N = 60


@pytest.fixture
def expansion(tmp_path: Path, paths: Paths) -> Expansion:
    path = tmp_path / "toy.yaml"
    path.write_text(MANIFEST)
    return expand(load_manifest(path), Request(DataContext(paths)))


def frame(seed: int, **columns: list[str]) -> pd.DataFrame:
    """Half of 60 test samples are positive; scores are right in most; one sample has no label."""
    random = np.random.default_rng(seed)
    truth = np.arange(N) % 2.0
    made = pd.DataFrame(
        {
            "part": "test",
            "dataset": "wdbc",
            "task": "diagnosis",
            "sample_id": [f"s{row:02d}" for row in range(N)],
            **columns,
            "y0": truth,
            "s0": np.clip(truth * 0.3 + random.random(N) * 0.7, 0, 1),
        }
    )
    made.loc[5, "y0"] = np.nan
    other = made.assign(part="val", s0=0.5)
    return pd.concat([other, made.sample(frac=1.0, random_state=seed)], ignore_index=True)


def test_the_mean_over_seeds_gets_an_interval_where_all_runs_share_a_split(
    expansion: Expansion,
) -> None:
    names = [run.spec.fingerprint for run in expansion.runs]
    frames = {name: frame(seed) for seed, name in enumerate(names[:2])}
    assert set(over_one_split(expansion)) == {ACC, AUROC}
    found = cell_intervals(expansion, frames.get, resamples=60)
    assert set(found) == {ACC, AUROC}
    tests = [one[(one["part"] == "test") & one["y0"].notna()] for one in frames.values()]
    for key, metric in ((ACC, "acc"), (AUROC, "auroc_binary")):
        values = [evaluate(metric, "binary", one["y0"], one["s0"]).value for one in tests]
        assert None not in values
        assert found[key].value == pytest.approx(sum(one or 0.0 for one in values) / 2)
        assert found[key].low is not None
        assert found[key].low < found[key].value < (found[key].high or 0)


def test_runs_without_predictions_or_on_other_samples_have_none(expansion: Expansion) -> None:
    names = [run.spec.fingerprint for run in expansion.runs]
    assert cell_intervals(expansion, {names[0]: frame(0)}.get) == {}
    shifted = frame(1).assign(sample_id=lambda one: one["sample_id"] + "x")
    assert cell_intervals(expansion, {names[0]: frame(0), names[1]: shifted}.get) == {}


def test_patients_with_several_samples_are_drawn_whole() -> None:
    random = np.random.default_rng(0)
    right = np.repeat(random.random(20) < 0.7, 10)
    truth: NDArray[np.float64] = random.integers(0, 2, 200).astype(np.float64)
    scores = np.where(right, truth, 1 - truth)
    patients = tuple(f"p{row // 10}" for row in range(200))
    grouped = Scored(truth, (scores,), patients, stratified=True)
    alone = Scored(truth, (scores,), tuple(str(row) for row in range(200)), stratified=False)
    assert grouped.strata() is None
    of_patients, of_samples = (interval(one, "acc", "binary", 100) for one in (grouped, alone))
    assert of_patients.value == of_samples.value
    wide = (of_patients.high or 0) - (of_patients.low or 0)
    assert wide > 2 * ((of_samples.high or 0) - (of_samples.low or 0))


def test_class_shares_are_kept_only_where_the_split_kept_them() -> None:
    truth = np.array([0.0] * 70 + [1.0] * 30)
    ids = tuple(str(row) for row in range(100))
    majority = np.zeros(100)
    free, kept = (
        interval(Scored(truth, (majority,), ids, one), "acc", "binary", 200)
        for one in (False, True)
    )
    assert (kept.low, kept.high) == pytest.approx((0.7, 0.7))
    # Binomial: 1.96 sqrt(0.7 · 0.3 / 100) = 0.09
    assert (free.low, free.high) == pytest.approx((0.61, 0.79), abs=0.03)


def test_every_format_writes_the_ends(expansion: Expansion) -> None:
    names = [run.spec.fingerprint for run in expansion.runs]
    frames = {name: frame(seed) for seed, name in enumerate(names[:2])}
    found = cell_intervals(expansion, frames.get, resamples=40)
    measured = Table(
        id="suite/toy",
        title="A toy table",
        columns=(Column(ACC[1], "ACC"),),
        rows=(
            Row("ridge", "Ridge", {ACC[1]: Measured(found[ACC].value, 0.01, 2, 2, mark="best")}),
            Row("trees", "Trees", {ACC[1]: Measured(0.5, 0.01, 3, 3)}),
        ),
    )
    table = intervals_table(measured, found)
    assert [row.key for row in table.rows] == ["ridge"]
    cell = table.rows[0].cells[ACC[1]]
    assert isinstance(cell, Measured)
    assert (cell.low, cell.high, cell.std) == (found[ACC].low, found[ACC].high, None)
    low, high = f"{found[ACC].low:.3f}", f"{found[ACC].high:.3f}"
    for fmt in ("terminal", "markdown", "latex", "csv"):
        assert f"{found[ACC].value:.3f} ({low} to {high})" in render(table, fmt)


def test_masks_are_resampled_by_patient_from_their_counts() -> None:
    """The interval of a mean over samples is that of resampling each sample's own Dice."""
    task = Task(name="seg", kind="segmentation", classes=("background", "disc", "cup"))
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, (40, 6, 6))
    found = np.where(random.random(truth.shape) < 0.3, 0, truth)
    counts, pairs = overlaps(truth, found, 3)
    columns = {f"y{k}": counts[:, k] for k in range(3)} | {f"s{k}": pairs[:, k] for k in range(9)}
    table = pd.DataFrame(columns).assign(sample_id=[f"s{k:02d}" for k in range(40)])
    drawn = interval(scored_from([table], task, False), "dice_macro", task.kind, 200)
    assert drawn.value == pytest.approx(dice_macro(counts, pairs))
    assert drawn.low is not None
    assert drawn.high is not None
    assert drawn.low < drawn.value < drawn.high
    assert drawn.high - drawn.low < 0.2


def test_folds_are_pooled_and_patients_drawn(expansion: Expansion) -> None:
    """Both seeds have the same scores, so the mean over seeds is the number of one."""
    key = ("trees", "wdbc/diagnosis/auroc_binary")
    cells = over_all_folds(expansion)
    assert set(cells) == {("trees", "wdbc/diagnosis/acc"), key}
    assert [len(runs) for runs in cells[key]] == [3, 3]
    whole = frame(0, group_id=[f"p{row // 2}" for row in range(N)])
    fold = whole["sample_id"].str[1:].astype(int) // 20
    frames = {run.fingerprint: whole[fold == at] for runs in cells[key]
              for at, run in enumerate(runs)}  # fmt: skip
    found = pooled_intervals(expansion, frames.get, resamples=60)
    tested = whole[(whole["part"] == "test") & whole["y0"].notna()]
    wanted = evaluate("auroc_binary", "binary", tested["y0"], tested["s0"]).value
    assert found[key].value == pytest.approx(wanted)
    assert found[key].low is not None
    assert found[key].low < found[key].value < (found[key].high or 0)
    lacking = {name: one for name, one in frames.items() if name != next(iter(frames))}
    assert pooled_intervals(expansion, lacking.get) == {}
    twice = dict.fromkeys(frames, whole[fold == 0])
    assert pooled_intervals(expansion, twice.get) == {}


def test_pooled_numbers_take_the_place_of_means(expansion: Expansion) -> None:
    key = "wdbc/diagnosis/auroc_binary"
    cell = Measured(mean=0.9, std=0.1, n=6, planned=6, mark="best")
    table = Table(
        id="suite/toy",
        title="A toy table",
        columns=(Column(key, "AUROC"),),
        rows=(Row("trees", "Trees", {key: cell}), Row("other", "Other", {key: cell})),
    )
    one = BootstrapInterval(0.8, 0.7, 0.85, 60, 0)
    found = pooled_table(table, {("trees", key): one})
    assert [row.key for row in found.rows] == ["trees"]
    shown = found.rows[0].cells[key]
    assert isinstance(shown, Measured)
    assert (shown.mean, shown.std, shown.low, shown.high, shown.mark) == (0.8, None, 0.7, 0.85, "")


@pytest.mark.parametrize("labels", [0, 5])
def test_ranks_give_the_same_area(labels: int) -> None:
    random = np.random.default_rng(0)
    shape = (40, labels) if labels else (40,)
    kind, metric = ("multilabel", "auroc_ovr_macro") if labels else ("binary", "auroc_binary")
    for _ in range(20):
        truth = (random.random(shape) < 0.1).astype(np.float64)
        score = np.round(random.random(shape), 1)  # many ties
        wanted = evaluate(metric, kind, truth, score).value  # type: ignore[arg-type]
        found = rank_auroc(truth, score)
        assert np.isnan(found) if wanted is None else found == pytest.approx(wanted, abs=1e-12)
    assert np.isnan(rank_auroc(np.zeros(shape), np.ones(shape)))
