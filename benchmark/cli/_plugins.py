"""Make plug-ins known to a command, and say what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmark.cli import _console


def use_plugins(files: Iterable[Path] | None) -> None:
    """Load plug-ins: the files given, those of ``MMBENCH_PLUGINS``, and installed ones."""
    from benchmark.plugins.loading import load_plugins

    for remark in load_plugins(files or ()):
        _console.warn(f"warning: {remark}")
