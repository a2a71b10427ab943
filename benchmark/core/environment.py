"""Provenance: what a run was computed with."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
from functools import cache
from importlib import metadata
from typing import Any

from benchmark import __version__
from benchmark.core.paths import checkout

_PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "scipy", "xgboost-cpu", "timm")


@cache
def provenance() -> dict[str, Any]:
    """Return versions, host, git state and CPU of this process; the device is added by the run."""
    return {
        "mmbench": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "cpus": os.cpu_count(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        **_git_state(),
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _git_state() -> dict[str, Any]:
    root = checkout()
    if root is None or not (root / ".git").exists():
        return {}
    commit = _git(str(root), "rev-parse", "HEAD")
    return {"git": commit, "git_dirty": bool(_git(str(root), "status", "--porcelain"))}


def _git(root: str, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def worker_environment(device: str, threads: int = 1) -> dict[str, str]:
    """Return the environment variables a worker process needs before it imports torch.

    Args:
        device: ``cpu``, ``cuda:N`` or ``mps``; a CUDA worker sees only its own GPU.
        threads: CPU threads of every numeric library.
    """
    names = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB_MAXIMUM")
    fixed = {f"{name}_NUM_THREADS": str(threads) for name in names}
    fixed |= {"PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    fixed["CUDA_VISIBLE_DEVICES"] = device.partition(":")[2] if device.startswith("cuda") else ""
    return {**os.environ, **fixed, "PYTHONUNBUFFERED": "1"}
