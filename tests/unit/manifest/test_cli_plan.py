"""What ``plan`` and ``validate`` print."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.cli.plan import Wanted, make_plan, print_plan
from benchmark.cli.validate import validate_tables
from benchmark.core.result import MetricRow, RunResult
from benchmark.core.spec import RunSpec
from benchmark.datasets._base import DataContext
from benchmark.execution.decide import limits_of
from benchmark.manifest.expand import Expansion, expand
from benchmark.manifest.schema import Manifest
from benchmark.manifest.selection import Request
from benchmark.store.runs import RunStore

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def found(load: Callable[[str], Manifest], good: str, context: DataContext) -> Expansion:
    """Eight runs."""
    return expand(load(good), Request(context=context))


@pytest.fixture
def store(context: DataContext) -> RunStore:
    """An empty store."""
    return RunStore(context.paths.cache)


def _finish(store: RunStore, spec: RunSpec, status: str, seconds: float = 2.0) -> None:
    row = MetricRow(part="test", dataset="toy", task="yes", metric="acc", value=0.5, n=4)
    store.write(
        RunResult.parse(
            {
                "spec": spec.model_dump(mode="json"),
                "status": status,
                "rows": [row.model_dump(mode="json")] if status == "ok" else [],
                "seconds": {"total": seconds},
                "limits": limits_of(None),
            }
        )
    )


def test_an_empty_store_has_everything_to_run(found: Expansion, store: RunStore) -> None:
    plan = make_plan([found, found], store, 2, Wanted())
    assert plan["totals"] == {"cached": 0, "to_run": 8, "given_up": 0}
    assert plan["estimate"]["text"] == "unknown (8 runs without a past to judge by)"
    assert len(plan["runs"]) == 8
    assert len(plan["tables"]) == 2


def test_stored_runs_are_not_planned_again(found: Expansion, store: RunStore) -> None:
    early = [run.spec for run in found.runs if run.spec.model.name == "early_fusion"]
    for spec, status in zip(early, ("ok", "diverged", "oom", "error"), strict=True):
        _finish(store, spec, status)
    plan = make_plan([found], store, 1, Wanted())
    prior, row = plan["tables"][0]["rows"]
    assert [row[key] for key in ("cached", "to_run", "given_up")] == [2, 1, 1]
    assert row["seconds_per_run"] == 2.0
    assert prior["seconds_per_run"] is None
    assert plan["estimate"]["seconds"] == 2.0
    assert plan["estimate"]["unknown_runs"] == 4
    assert make_plan([found], store, 1, Wanted(retry=("oom",)))["totals"]["to_run"] == 6
    assert make_plan([found], store, 1, Wanted(force=True))["totals"]["to_run"] == 8


def test_the_plan_as_text(found: Expansion, store: RunStore, capsys: Capture) -> None:
    for run in found.runs:
        _finish(store, run.spec, "ok")
    print_plan([found], store, 2, Wanted(), as_json=False)
    out, err = capsys.readouterr()
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "suite/good: described, profile full (the only one)",
        "row dataset source cached to run given up per run",
        "prior toy synthetic 4 0 0 unknown",
        "early toy synthetic 4 0 0 unknown",
        "",
        "8 cached, 0 to run, 0 given up (timeout, oom)",
        "time with -j 2: nothing to run",
    ]
    assert err == ""


def test_data_that_is_not_here_is_named(
    load: Callable[[str], Manifest], good: str, context: DataContext, capsys: Capture
) -> None:
    found = expand(load(good), Request(context=replace(context, source="partial")))
    print_plan([found], RunStore(context.paths.cache), 2, Wanted(), as_json=False)
    out, err = capsys.readouterr()
    assert "not available: toy: toy is not on this machine" in out.splitlines()
    assert err.splitlines() == ["  put it into DATA/toy"]


def test_the_plan_as_json(found: Expansion, store: RunStore, capsys: Capture) -> None:
    print_plan([found], store, 2, Wanted(), as_json=True)
    plan = json.loads(capsys.readouterr().out)
    assert plan == make_plan([found], store, 2, Wanted())


def test_validate_says_what_is_wrong(good: str, tmp_path: Path, capsys: Capture) -> None:
    fine, bad = tmp_path / "fine.yaml", tmp_path / "bad.yaml"
    fine.write_text(good)
    bad.write_text(good.replace("model: prior", "model: pior"))
    assert validate_tables([str(fine)]) == 0
    assert capsys.readouterr() == ("", "1 table checked, 0 problems\n")
    assert validate_tables([str(fine), str(bad)]) == 4
    out, err = capsys.readouterr()
    said = "unknown model 'pior' (did you mean 'prior'?); if a plug-in has it, add --plugin FILE"
    assert out == f"{bad}:15: rows.prior.model: {said}\n"
    assert err == "2 tables checked, 1 problem\n"


def test_validate_as_json(good: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "fine.yaml"
    path.write_text(good)
    assert validate_tables([str(path)], as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"id": "suite/good", "manifest": str(path), "printed": None, "problems": []}
    ]
