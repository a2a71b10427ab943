"""Installed from a wheel, outside the checkout, the suite finds its tables."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmark.core.paths import checkout

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the tracked files, so that no leftover can get in."""
    root = checkout()
    if root is None or not (root / ".git").exists():
        pytest.skip("needs the git checkout")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    for name in filter(None, tracked.stdout.decode().split("\0")):
        if (root / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((root / name).read_bytes())
    _pip("wheel", "--no-deps", "--wheel-dir", str(target), str(source))
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel where no checkout is near."""
    target = tmp_path_factory.mktemp("installed")
    _pip("install", "--no-deps", "--target", str(target), str(wheel))
    return target


def _pip(*words: str) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-qq"]
    done = subprocess.run([*pip, *words], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr


def mmbench(installed: Path, folder: Path, *words: str) -> str:
    """Run the installed command line in ``folder`` and return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    code = "import benchmark, sys; sys.stderr.write(benchmark.__file__)\n"
    code += "from benchmark.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(str(installed)), "this is not the installed package"
    return done.stdout


def test_the_wheel_holds_every_table_and_manifest_and_no_test(wheel: Path) -> None:
    root = checkout()
    assert root is not None
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "manifests", "tables"], cwd=root, capture_output=True, check=True
    )
    expected = {f"benchmark/_shipped/{name}" for name in tracked.stdout.decode().split()}
    assert expected
    assert {name for name in names if name.startswith("benchmark/_shipped/")} == expected
    tops = {name.partition("/")[0].partition("-")[0] for name in names}
    assert tops == {"benchmark", "mmbench"}
    assert "benchmark/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_tables_are_found_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    root = checkout()
    assert root is not None
    listed = mmbench(installed, tmp_path, "list", "--plain").split()
    printed = {f"{path.parent.name}/{path.stem}" for path in (root / "tables").glob("*/*.yaml")}
    assert printed <= set(listed)
    assert "0.8" in mmbench(installed, tmp_path, "show", "m4oe/table7")


def test_a_folder_called_benchmark_does_not_come_first(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "benchmark").mkdir()
    (tmp_path / "benchmark" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    assert "early_fusion" in mmbench(installed, tmp_path, "list", "models")
