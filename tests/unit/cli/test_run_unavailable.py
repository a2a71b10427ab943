"""A table without its data is not a success."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from benchmark.cli.app import app


def test_missing_data_is_not_exit_code_0(tmp_path: Path) -> None:
    words = ["run", "suite/quickstart", "--source", "partial", "--cache", str(tmp_path)]
    done = CliRunner().invoke(app, [*words, "--device", "cpu", "-j", "1"])
    assert done.exit_code == 3, done.output
    assert "not complete: wdbc not available" in done.stderr
    assert "Not available: wdbc: wdbc has no partial form." in done.stdout
