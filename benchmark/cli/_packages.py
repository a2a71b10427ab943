"""Installed packages against what mmbench declares and what it was tested with."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

_REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+).*;.*\bextra\s*==\s*['\"]([\w-]+)['\"]")
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;#]+)")
#: Packages whose version can change a number, or whether one comes out at all.
_WATCHED = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "timm", "torch", "xgboost-cpu")


def version(name: str) -> str:
    """Return the installed version of a package; empty if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def missing_extras(package: str = "mmbench") -> dict[str, list[str]]:
    """Return packages that are not installed, by the extra of mmbench that brings them."""
    try:
        declared = metadata.requires(package) or []
    except metadata.PackageNotFoundError:
        return {}
    missing: dict[str, list[str]] = {}
    for line in declared:
        found = _REQUIREMENT.match(line)
        if found and not version(found[1]):
            missing.setdefault(found[2], []).append(found[1])
    return missing


def wrong_versions(constraints: Path) -> list[str]:
    """Return watched packages installed in another version than the tested one, in words.

    A local label does not count: torch 2.13.0+cpu is torch 2.13.0.
    """
    pins = dict(_PIN.findall(line)[0] for line in _lines(constraints) if _PIN.match(line))
    texts = []
    for name in _WATCHED:
        found = version(name).partition("+")[0]
        if found and name in pins and found != pins[name]:
            texts.append(f"{name} {found} (tested with {pins[name]})")
    return texts


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
