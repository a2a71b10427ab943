"""The Makefile's set-up, with an interpreter that only writes down what it was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmark.core.paths import checkout

#: Stands for python3 and, copied by ``-m venv``, for .venv/bin/python.
PYTHON = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$*" in
*version_info*) echo "$VERSION";;
*ensurepip*) test -z "$NO_VENV";;
"-m venv"*) for folder; do :; done
    case "$*" in *--clear*) rm -rf "$folder";; esac
    mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python"
    for tool in mmbench ruff mypy codespell; do cp "$0" "$folder/bin/$tool"; done;;
*" install "*) test -z "$PIP_FAILS" || exit 1; test -z "$PIP_DIES" || kill -9 $PPID;;
"run $BAD_TABLE") exit 3;;
"list tables"*) echo suite/one suite/two;;
esac
"""

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="needs make")


class Project:
    """A folder with the Makefile and nothing to install."""

    def __init__(self, folder: Path) -> None:
        root = checkout()
        assert root is not None
        self.folder, self.log = folder, folder / "log"
        shutil.copy(root / "Makefile", folder)
        for name in ("pyproject.toml", "constraints.txt", "setup.py"):
            (folder / name).touch()
        self.python = folder / "python3"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)

    def make(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make; the log then holds what interpreters and tools were called with."""
        self.log.write_text("")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        fixed = {"LOG": str(self.log), "VERSION": "3.12", "BAD_TABLE": "none"}
        return subprocess.run(
            ["make", f"PYTHON={self.python}", *words],
            cwd=self.folder,
            env={**kept, **fixed, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def calls(self, text: str) -> list[str]:
        """Return logged calls that contain ``text``."""
        return [line for line in self.log.read_text().splitlines() if text in line]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_set_up_happens_once(project: Project) -> None:
    assert project.make("setup").returncode == 0
    assert len(project.calls("-m venv")) == 1
    [install] = project.calls(" install ")
    assert "-c constraints.txt -e .[dev,all]" in install
    assert project.make("setup").returncode == 0
    assert not project.calls("venv")
    assert not project.calls("install")


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_a_change_installs_again_into_the_same_environment(project: Project, changed: str) -> None:
    project.make("setup")
    later = (project.folder / ".venv" / ".installed-3.12").stat().st_mtime + 10
    os.utime(project.folder / changed, (later, later))
    assert project.make("setup").returncode == 0
    assert not project.calls("-m venv")
    assert project.calls(" install ")


def test_a_first_set_up_that_was_killed_starts_afresh(project: Project) -> None:
    assert project.make("setup", PIP_DIES="1").returncode != 0
    (project.folder / ".venv" / "half-made").touch()
    assert project.make("setup").returncode == 0
    assert project.calls("-m venv --clear")
    assert not (project.folder / ".venv" / "half-made").exists()


def test_an_update_that_was_killed_starts_afresh_and_one_that_failed_does_not(
    project: Project,
) -> None:
    project.make("setup")
    later = (project.folder / ".venv" / ".installed-3.12").stat().st_mtime + 10
    os.utime(project.folder / "pyproject.toml", (later, later))
    assert project.make("setup", PIP_FAILS="1").returncode != 0
    assert project.make("setup", PIP_DIES="1").returncode != 0
    assert not project.calls("-m venv"), "pip undoes what it could not finish"
    assert project.make("setup").returncode == 0
    assert project.calls("-m venv --clear")


def test_another_python_gets_its_own_environment(project: Project) -> None:
    project.make("setup")
    assert project.make("setup", VERSION="3.13").returncode == 0
    assert project.calls("-m venv --clear")


@pytest.mark.parametrize("version", ["3.10", "3.9", "2.7"])
def test_an_old_python_is_refused(project: Project, version: str) -> None:
    done = project.make("setup", VERSION=version)
    assert done.returncode != 0
    assert f"is Python {version}, mmbench needs 3.11 or newer: make PYTHON=" in done.stderr
    assert not project.calls("-m venv")


def test_no_python_is_told(project: Project) -> None:
    done = project.make("setup", "PYTHON=python3.99")
    assert done.returncode != 0
    assert "python3.99 was not found: install Python 3.11 or newer" in done.stderr


def test_a_missing_venv_module_is_told(project: Project) -> None:
    done = project.make("setup", NO_VENV="1")
    assert done.returncode != 0
    assert "apt install python3.12-venv" in done.stderr


def test_parallel_targets_set_up_once(project: Project) -> None:
    assert project.make("-j4", "test", "check", "quickstart").returncode == 0
    assert len(project.calls(" install ")) == 1
    assert project.calls("mmbench run suite/quickstart")


def test_reproduce_all_estimates_first_and_goes_on_after_a_failure(project: Project) -> None:
    done = project.make("reproduce-all", BAD_TABLE="suite/one")
    assert "not complete: suite/one" in done.stderr
    assert "Error 3" in done.stderr
    assert [call.split(" ", 1)[1] for call in project.calls("mmbench ")][-3:] == [
        "plan suite/one suite/two",
        "run suite/one",
        "run suite/two",
    ]


def test_clean_keeps_results(project: Project) -> None:
    project.make("setup")
    (project.folder / "cache").mkdir()
    for name in ("benchmark", "tests", "benchmarks"):
        (project.folder / name / "__pycache__").mkdir(parents=True)
    assert project.make("clean").returncode == 0
    assert not (project.folder / ".venv").exists()
    assert not (project.folder / "tests" / "__pycache__").exists()
    assert (project.folder / "cache").is_dir()
