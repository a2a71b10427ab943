"""Installed packages against declared and tested ones."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from benchmark.cli import _packages
from benchmark.cli._packages import missing_extras, version, wrong_versions
from benchmark.core.paths import checkout


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Packages that are installed, and no others."""
    versions = {"numpy": "2.4.6", "torch": "2.13.0+cpu", "timm": "1.0.31"}
    monkeypatch.setattr(_packages, "version", lambda name: versions.get(name, ""))
    return versions


@pytest.mark.usefixtures("installed")
def test_missing_packages_by_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = [
        "scipy>=1.14",
        'timm>=1.0; extra == "vision"',
        'torchvision>=0.21; extra == "vision"',
        "ruff>=0.8; python_version > '3' and extra == 'dev'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda _: declared)
    assert missing_extras() == {"vision": ["torchvision"], "dev": ["ruff"]}


def test_a_checkout_that_is_not_installed_has_no_extras() -> None:
    assert missing_extras("surely-not-installed-by-anyone") == {}
    assert version("surely-not-installed-by-anyone") == ""


@pytest.mark.usefixtures("installed")
def test_versions_apart_from_local_labels(tmp_path: Path) -> None:
    pins = tmp_path / "constraints.txt"
    pins.write_text("# comment==1\nnumpy==2.4.6\ntorch==2.13.0\ntimm==1.0.30\nscipy==1.0\n\n")
    assert wrong_versions(pins) == ["timm 1.0.31 (tested with 1.0.30)"]


def test_every_dependency_is_pinned() -> None:
    root = checkout()
    if root is None:
        pytest.skip("needs the checkout")
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    declared = [*project["dependencies"], *(one for extra in extras for one in extra)]
    lines = (root / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {_plain(line.partition("==")[0]) for line in lines if not line.startswith("#")}
    names = {_plain(re.split(r"[\s<>=!~;\[]", one)[0]) for one in declared}
    assert names - {"mmbench"} <= pinned  # the extra "all" names the project's own extras
    assert "torch==2.13.0" in lines
    assert not [line for line in lines if "+" in line.partition("#")[0]], "tied to a machine"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
