"""``--timeout`` beats the time-out of a manifest, in plans and in runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli import run as run_module
from benchmark.cli._work import Asked
from benchmark.cli.app import app
from benchmark.cli.run import How, run_tables
from benchmark.core.result import RunResult
from benchmark.execution.decide import limits_of
from benchmark.execution.observer import Summary
from benchmark.manifest.plan import PlannedRun
from benchmark.store.runs import RunStore

WORDS = ["plan", "suite/quickstart", "--rows", "prior", "--folds", "0", "--device", "cpu", "--json"]


def planned_state(cache: Path, *more: str) -> tuple[str, str]:
    """Return fingerprint and state of the one run."""
    done = CliRunner().invoke(app, [*WORDS, "--cache", str(cache), *more])
    assert done.exit_code == 0, done.output
    (run,) = json.loads(done.stdout)["runs"]
    return run["fingerprint"], run["state"]


def computed(
    monkeypatch: pytest.MonkeyPatch, cache: Path, timeout: float | None
) -> list[PlannedRun]:
    """Return what ``run`` hands to the workers."""
    handed: list[PlannedRun] = []

    def note(runs: Sequence[PlannedRun], *_: object) -> Summary:
        handed.extend(runs)
        return Summary(counts={}, failures=(), cached=0, missing=0, interrupted=False)

    monkeypatch.setattr(run_module, "run_all", note)
    asked = Asked(
        tables=["suite/quickstart"], rows=["prior"], folds=["0"], cache=cache, device="cpu"
    )
    run_tables(asked, How(jobs=1, timeout=timeout))
    return handed


def test_the_option_beats_the_manifest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert [run.timeout for run in computed(monkeypatch, tmp_path, None)] == [300]
    assert [run.timeout for run in computed(monkeypatch, tmp_path, 0.1)] == [0.1]


def test_a_wider_time_out_is_planned_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (run,) = computed(monkeypatch, tmp_path, None)
    limits = limits_of(run.timeout)
    RunStore(tmp_path).write(RunResult(spec=run.spec, status="timeout", limits=limits))
    assert planned_state(tmp_path)[1] == "given_up"
    assert planned_state(tmp_path, "--timeout", "200")[1] == "given_up"
    assert planned_state(tmp_path, "--timeout", "301")[1] == "to_run"


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf"])
def test_a_time_out_is_a_number_above_zero(tmp_path: Path, value: str) -> None:
    done = CliRunner().invoke(app, [*WORDS, "--cache", str(tmp_path), "--timeout", value])
    assert done.exit_code == 2
    assert "is no number of seconds above 0" in done.output
