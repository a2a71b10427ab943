"""What ``run`` says of runs that ended in an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cli.run import _conclude
from benchmark.core.errors import EXIT_RUNS_FAILED
from benchmark.core.paths import Paths
from benchmark.execution.observer import RunFailure, Summary


def test_the_remedy_of_an_error_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "rsna: task 'birads': no train sample of class 'x'\nuse fewer folds"
    failure = RunFailure("table8 m4oe", "f", "error", message, "logs/f.log")
    summary = Summary({"error": 1}, (failure,), cached=0, missing=0, interrupted=False)
    assert _conclude(summary, (), Paths(cache=tmp_path)) == EXIT_RUNS_FAILED
    told = capsys.readouterr().err
    assert "error: table8 m4oe: rsna: task 'birads': no train sample" in told
    assert "\n  use fewer folds\n  log: " in told
