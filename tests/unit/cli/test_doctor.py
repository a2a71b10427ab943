"""``mmbench doctor``: each finding on a machine that has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.cli import doctor as doctor_module
from benchmark.cli.doctor import Check, doctor, examine
from benchmark.core.paths import Paths


def found(name: str, paths: Paths) -> Check:
    """Return one finding."""
    return next(check for check in examine(paths) if check.name == name)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what has to import torch."""
    monkeypatch.setattr(doctor_module, "_torch", lambda: iter(()))
    monkeypatch.setattr(doctor_module, "_torchvision", lambda: Check("torchvision", "ok", "x"))


def test_this_machine_can_run_the_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(Paths(cache=tmp_path), as_json=True)
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    names = {"python", "torch", "cuda", "torchvision", "cache", "disk", "memory", "data"}
    assert names <= set(checks)
    assert not [one for one in checks.values() if one["state"] == "broken"]
    assert "wdbc (real)" in checks["datasets"]["detail"]


@pytest.mark.usefixtures("quick")
def test_what_is_broken_is_told_with_a_remedy_and_a_false_return(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = Paths(cache=tmp_path, data=tmp_path / "gone", weights=tmp_path / "lost")
    assert not doctor(paths, as_json=False)
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'gone'} does not exist; correct MMBENCH_DATA" in printed
    assert f"{tmp_path / 'lost'} does not exist; correct MMBENCH_WEIGHTS" in printed


@pytest.mark.usefixtures("quick")
def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(dir: Path) -> None:  # noqa: A002 (the name tempfile uses)
        raise OSError(30, "Read-only file system", str(dir))

    monkeypatch.setattr(doctor_module.tempfile, "TemporaryFile", refuse)
    check = found("cache", Paths(cache=tmp_path))
    assert check.state == "broken"
    assert check.detail == f"{tmp_path}: cannot write (Read-only file system)"


@pytest.mark.usefixtures("quick")
def test_looking_creates_no_cache(tmp_path: Path) -> None:
    cache = tmp_path / "not" / "yet"
    assert found("cache", Paths(cache=cache)).state == "ok"
    assert "GB free" in found("disk", Paths(cache=cache)).detail
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("quick")
def test_little_disk_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "_LITTLE_DISK", 1e9)
    assert found("disk", Paths(cache=tmp_path)).state == "note"


@pytest.mark.usefixtures("quick")
def test_missing_extras_name_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "missing_extras", lambda: {"vision": ["timm"]})
    check = found("extra vision", Paths(cache=tmp_path))
    assert (check.state, check.detail) == ("note", "not installed: timm")
    assert check.remedy == "pip install 'mmbench[vision]'"


@pytest.mark.usefixtures("quick")
def test_other_versions_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "constraints.txt").touch()
    monkeypatch.setattr(doctor_module, "checkout", lambda: tmp_path)
    monkeypatch.setattr(doctor_module, "wrong_versions", lambda _: ["numpy 9 (tested with 2)"])
    check = found("versions", Paths(cache=tmp_path))
    assert (check.state, check.detail) == ("note", "numpy 9 (tested with 2)")
