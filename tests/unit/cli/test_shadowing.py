"""A folder called ``benchmark`` where a user stands must not be taken for the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def decoy(tmp_path: Path) -> Path:
    """A folder with a package and a module of our name."""
    (tmp_path / "benchmark").mkdir()
    (tmp_path / "benchmark" / "__init__.py").write_text("raise SystemExit('the decoy')")
    return tmp_path


def start(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in ``folder``."""
    return subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_console_script_finds_the_package(decoy: Path) -> None:
    script = shutil.which("mmbench", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("mmbench is not installed beside this Python")
    done = start(decoy, script, "--version")
    assert done.stdout.startswith("mmbench "), done.stderr


@pytest.mark.parametrize("how", ["-P", "PYTHONSAFEPATH"])
def test_workers_find_the_package(decoy: Path, how: str) -> None:
    flag = ["-P"] if how == "-P" else []
    environment = {} if flag else {"PYTHONSAFEPATH": "1"}
    module = ["-m", "benchmark.execution.worker", "--help"]
    done = start(decoy, sys.executable, *flag, *module, **environment)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()


def test_the_decoy_would_be_taken_otherwise(decoy: Path) -> None:
    environment = {"PYTHONSAFEPATH": ""}
    done = start(decoy, sys.executable, "-m", "benchmark.execution.worker", **environment)
    assert "the decoy" in done.stderr
