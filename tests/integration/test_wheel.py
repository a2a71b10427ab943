"""Installed from a wheel, outside the checkout, the suite finds its tables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
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
    """Install the wheel into an empty environment that borrows this one's dependencies.

    The line in a ``.pth`` file adds their folder, but the ``.pth`` files in that folder, such as
    that of an editable install, are not read: the checkout is out of sight.
    """
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    _pip("--python", str(python), "install", "--no-deps", str(wheel))
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(own, "borrowed.pth").write_text("\n".join(sorted(borrowed)))
    code = "import benchmark; print(benchmark.__file__)"
    found = subprocess.run(
        [str(python), "-P", "-c", code], capture_output=True, text=True, check=True, env=bare()
    )
    assert found.stdout.startswith(own), "this is not the installed package"
    return home


def bare() -> dict[str, str]:
    """Return the environment without what points Python or mmbench at somebody's folders."""
    kept = os.environ.items()
    return {k: v for k, v in kept if k != "PYTHONPATH" and not k.startswith("MMBENCH_")}


def _pip(*words: str) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-qq"]
    done = subprocess.run([*pip, *words], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr


def mmbench(installed: Path, folder: Path, *words: str) -> str:
    """Run the installed console script in ``folder`` and return what it printed."""
    done = subprocess.run(
        [str(installed / "bin" / "mmbench"), *words],
        cwd=folder,
        env={**bare(), "XDG_CACHE_HOME": str(folder / "xdg")},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
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


def test_the_quickstart_runs_in_another_folder(installed: Path, tmp_path: Path) -> None:
    words = ("quickstart", "--rows", "prior", "early_fusion", "--folds", "0", "-j", "1")
    table = mmbench(installed, tmp_path, "run", *words, "--set", "training.epochs=3")
    assert re.search(r"Prior +0\.\d{3}", table)
    assert re.search(r"Early fusion +0\.\d{3}", table)
    # Outside a checkout results lie in the platform's cache folder.
    (runs,) = (tmp_path / "xdg").glob("*/runs")
    assert len(list(runs.rglob("*.json"))) == 2
    again = mmbench(installed, tmp_path, "report", *words[:-2], "--set", "training.epochs=3")
    assert again == table
    assert "@" in mmbench(installed, tmp_path, "cite", "quickstart")
