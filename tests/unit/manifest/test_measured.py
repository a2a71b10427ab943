"""Rows that tell what models cost: one timing on one device, counts at the scale of the paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmark.core.errors import ManifestError
from benchmark.core.spec import SplitSpec
from benchmark.datasets._base import DataContext
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.plan import PlannedRun
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request

Load = Callable[[str], Manifest]
Make = Callable[..., Expansion]

COST = """\
schema_version: 1
id: i2moe/cost
title: What rows cost
kind: cost
datasets:
  toy: {}
columns:
  - {dataset: toy, metrics: [train_seconds_epoch, inference_seconds_pass, parameters]}
settings:
  config: {hidden: [512]}
  encoders: {"*": {name: mlp, width: 64}}
  split: {folds: 3}
  seeds: [4, 5]
rows:
  - {key: early, label: Early, kind: measure, model: early_fusion}
  - {key: same, label: Same, kind: measure, of: early, analysis: {repeats: 2}}
profiles:
  demo: {settings: {config: {hidden: [8]}}}
sources:
  settings: "ours: a test"
  profiles: "ours: a test"
  rows.same.analysis: "ours: a test"
"""


@pytest.fixture
def make(load: Load, context: DataContext) -> Make:
    """Expand a text, with any fields of a request."""

    def expand_text(text: str = COST, **fields: Any) -> Expansion:
        return expand(load(text), Request(**{"context": context, "profile": "demo", **fields}))

    return expand_text


def _run(found: Expansion, row: str, metric: str) -> PlannedRun:
    cell = found.cells[row, f"toy//{metric}"]
    assert len(cell) == 1
    assert (cell[0].dataset, cell[0].task) == ("toy", "")
    return next(run for run in found.runs if run.spec.fingerprint == cell[0].fingerprint)


def test_times_are_taken_once_of_what_the_profile_says(make: Make) -> None:
    found = make()
    run = _run(found, "early", "train_seconds_epoch")
    assert _run(found, "early", "inference_seconds_pass") == run
    assert (run.spec.kind, run.spec.device, run.spec.parents) == ("measure", "cpu", ())
    assert (run.spec.split.fold, run.spec.seed) == (0, 4)
    assert run.spec.model.config["hidden"] == [8]
    assert run.spec.analysis is not None
    assert run.spec.analysis.config["repeats"] == 5
    assert run.label == "cost early toy cost"


def test_folds_and_seeds_asked_for_change_no_measurement(make: Make) -> None:
    assert make(folds=["1"], seeds=["5"]).runs == make().runs


def test_another_kind_of_device_is_another_measurement(make: Make) -> None:
    cpu, cuda = make(), make(device="cuda")
    timed = [_run(one, "early", "train_seconds_epoch").spec for one in (cpu, cuda)]
    assert timed[0].fingerprint != timed[1].fingerprint
    assert _run(cpu, "early", "parameters") == _run(cuda, "early", "parameters")


def test_parameters_are_counted_at_the_scale_of_the_paper(make: Make) -> None:
    run = _run(make(), "early", "parameters")
    assert run.spec.model.config["hidden"] == [512]
    assert (run.spec.device, run.spec.split, run.spec.seed) == ("", SplitSpec(), 0)
    assert run.spec.components[0].data == "", "no release changes a count"


def test_one_row_may_be_measured_as_another_is(make: Make) -> None:
    found = make()
    early, same = (_run(found, row, "train_seconds_epoch").spec for row in ("early", "same"))
    assert same.analysis is not None
    assert same.analysis.config["repeats"] == 2
    assert same.model_copy(update={"analysis": early.analysis}) == early
    count = _run(found, "early", "parameters")
    assert count == _run(found, "same", "parameters")
    assert [use.row for use in count.uses] == ["early", "same"]


def test_counts_need_no_data(make: Make, context: DataContext) -> None:
    found = make(context=DataContext(context.paths, "partial"))
    assert [one.dataset for one in found.unavailable] == ["toy"]
    assert {column for _, column in found.cells} == {"toy//parameters"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("of: early, ana", "of: [early, early], ana", "a measurement is of one row"),
        ("{repeats: 2}", "{name: experts}", "'experts' is for rows of kind evaluate, not measure"),
        ("{repeats: 2}", "{repeats: 0}", "analysis.repeats: must be greater than or equal to 1"),
        ("model: early_fusion", "model: prior", "has no cost worth measuring"),
        ("parameters]", "parameters, acc]", "'acc' is of a task; give the column a 'task'"),
        ("of: early, analysis", "of: early, scenario: {name: drop, drop: [x]}, analysis", "as it"),
    ],
)
def test_what_does_not_fit_is_said(load: Load, old: str, new: str, problem: str) -> None:
    assert COST.count(old) == 1
    with pytest.raises(ManifestError) as found:
        load(COST.replace(old, new))
    assert problem in str(found.value)
