"""``mmbench doctor``: is this machine fit to run, and if not, what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from benchmark.cli._console import emit_columns, emit_json
from benchmark.cli._packages import missing_extras, version, wrong_versions
from benchmark.core.paths import Paths, checkout

State = Literal["ok", "note", "broken"]
_GB = 1024**3
_LITTLE_DISK = 1.0
_LITTLE_MEMORY = 2.0


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: What was looked at.
        state: ``note`` works, but a reader should know; ``broken`` keeps runs from working.
        detail: What was found.
        remedy: What to do; empty where nothing need be done.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""


def doctor(paths: Paths, as_json: bool) -> bool:
    """Print every finding and return False if something is broken."""
    checks = list(examine(paths))
    if as_json:
        emit_json([asdict(check) for check in checks])
    else:
        emit_columns(
            ("check", "state", "found"),
            [(one.name, one.state, "; ".join(filter(None, _texts(one)))) for one in checks],
        )
    return all(check.state != "broken" for check in checks)


def examine(paths: Paths) -> Iterator[Check]:
    """Yield every finding; imports torch."""
    yield _python()
    yield from _torch()
    yield _versions()
    yield from _extras()
    yield _torchvision()
    yield _cache(paths.cache)
    yield _disk(paths.cache)
    yield _memory()
    yield from _data(paths)
    yield _weights(paths.weights)
    yield _latex()


def _texts(check: Check) -> tuple[str, str]:
    return check.detail, check.remedy


def _python() -> Check:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < (3, 11):  # noqa: UP036 (somebody may have forced the installation)
        return Check("python", "broken", found, "install Python 3.11 or newer")
    return Check("python", "ok", found)


def _torch() -> Iterator[Check]:
    try:
        import torch
    except Exception as error:  # a broken shared library raises OSError, others RuntimeError
        yield Check("torch", "broken", f"{type(error).__name__}: {error}", "reinstall torch")
        return
    yield Check("torch", "ok", str(torch.__version__))
    yield _cuda()
    if torch.backends.mps.is_available():
        yield Check("mps", "ok", "available")


def _cuda() -> Check:
    import torch

    if not torch.backends.cuda.is_built():
        card = shutil.which("nvidia-smi")
        remedy = "a GPU driver is here: install a CUDA build of torch to use it" if card else ""
        return Check("cuda", "note", "this torch is built without CUDA, runs use the CPU", remedy)
    if not torch.cuda.is_available():
        return Check("cuda", "note", "no usable GPU, runs use the CPU")
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    try:
        float(torch.ones(2, device="cuda").sum())
    except RuntimeError as error:
        return Check("cuda", "broken", f"{', '.join(names)}: {error}", "or run with --device cpu")
    return Check("cuda", "ok", ", ".join(names))


def _versions() -> Check:
    root = checkout()
    pins = root / "constraints.txt" if root else None
    if pins is None or not pins.is_file():
        return Check("versions", "ok", "no constraints.txt to compare with")
    if wrong := wrong_versions(pins):
        return Check("versions", "note", ", ".join(wrong), "pip install -c constraints.txt -e .")
    return Check("versions", "ok", "as tested (constraints.txt)")


def _extras() -> Iterator[Check]:
    for extra, packages in missing_extras().items():
        found = f"not installed: {', '.join(packages)}"
        yield Check(f"extra {extra}", "note", found, f"pip install 'mmbench[{extra}]'")


def _torchvision() -> Check:
    if not version("torchvision"):
        return Check("torchvision", "note", "not installed", "pip install 'mmbench[vision]'")
    from benchmark.core.torchvision_ops import make_importable

    try:
        compiled = make_importable()
        import torchvision
    except Exception as error:  # whatever its import raises is the finding
        found = f"{type(error).__name__}: {error}"
        return Check("torchvision", "broken", found, "install the build that matches torch")
    ops = "" if compiled else ", its compiled ops do not fit this torch: enough for timm"
    return Check("torchvision", "ok" if compiled else "note", f"{torchvision.__version__}{ops}")


def _cache(folder: Path) -> Check:
    place = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            return Check("cache", "ok", str(folder))
    except OSError as error:
        remedy = "make it writable or name another with MMBENCH_CACHE"
        return Check("cache", "broken", f"{folder}: cannot write ({error.strerror})", remedy)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(_existing(folder)).free / _GB
    found = f"{free:.1f} GB free at {folder}"
    if free < _LITTLE_DISK:
        return Check("disk", "note", found, "free some space or set MMBENCH_CACHE")
    return Check("disk", "ok", found)


def _memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    found = f"{memory.available / _GB:.1f} of {memory.total / _GB:.1f} GB free, "
    found += f"{os.cpu_count()} CPU cores"
    state: State = "note" if memory.available / _GB < _LITTLE_MEMORY else "ok"
    return Check("memory", state, found)


def _data(paths: Paths) -> Iterator[Check]:
    from benchmark.cli.data import dataset_states

    if paths.data is None:
        found = "no folder of releases is set; embedded and synthetic data need none"
        yield Check("data", "note", found, "set MMBENCH_DATA to use yours")
    elif not paths.data.is_dir():
        yield Check("data", "broken", f"{paths.data} does not exist", "correct MMBENCH_DATA")
    else:
        yield Check("data", "ok", str(paths.data))
    states = dataset_states(paths)
    here = [f"{state.dataset} ({state.source})" for state in states if state.available]
    yield Check("datasets", "ok" if here else "broken", ", ".join(here) or "none available")


def _weights(folder: Path | None) -> Check:
    if folder is None:
        return Check("weights", "note", "no folder of pretrained weights is set (MMBENCH_WEIGHTS)")
    if not folder.is_dir():
        return Check("weights", "broken", f"{folder} does not exist", "correct MMBENCH_WEIGHTS")
    return Check("weights", "ok", str(folder))


def _latex() -> Check:
    found = shutil.which("pdflatex")
    return Check("pdflatex", "ok" if found else "note", found or "not found: needed by a test only")


def _existing(folder: Path) -> Path:
    """Return the folder or the nearest one above it that exists; the doctor creates nothing."""
    return next(one for one in (folder, *folder.parents) if one.is_dir())
