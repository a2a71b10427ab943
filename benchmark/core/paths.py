"""Where things are: the cache, the data, pretrained weights, manifests and printed tables.

Order: flag > ``MMBENCH_CACHE``, ``MMBENCH_DATA``, ``MMBENCH_WEIGHTS`` > ``MMBENCH_HOME`` >
the checkout's ``cache/`` > the platform's cache folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Paths:
    """Folders a command works with.

    Attributes:
        cache: Results, artifacts, prepared data, logs.
        data: Folder of releases by their official names; None if none was given.
        weights: Folder of pretrained weights; None if none was given.
        releases: Folder of one release by dataset name (``--data embed=PATH``).
    """

    cache: Path
    data: Path | None = None
    weights: Path | None = None
    releases: dict[str, Path] = field(default_factory=dict)


def find_paths(
    cache: Path | None = None,
    data: Path | None = None,
    weights: Path | None = None,
    releases: dict[str, Path] | None = None,
) -> Paths:
    """Resolve every folder to an absolute path; nothing is created."""
    home = _from_environment("MMBENCH_HOME")
    return Paths(
        cache=_absolute(cache) or _from_environment("MMBENCH_CACHE") or _default_cache(home),
        data=_absolute(data) or _from_environment("MMBENCH_DATA") or _inside(home, "data"),
        weights=(
            _absolute(weights) or _from_environment("MMBENCH_WEIGHTS") or _inside(home, "weights")
        ),
        releases={name: path.resolve() for name, path in (releases or {}).items()},
    )


def checkout() -> Path | None:
    """Return the project folder when running from a source checkout, else None."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "manifests").is_dir() else None


def shipped(name: str) -> Path:
    """Return the folder ``manifests`` or ``tables``, in the checkout or inside the wheel."""
    root = checkout()
    return root / name if root else PACKAGE / "_shipped" / name


def _absolute(path: Path | None) -> Path | None:
    return path.expanduser().resolve() if path else None


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name, "")
    return Path(value).expanduser().resolve() if value else None


def _inside(home: Path | None, name: str) -> Path | None:
    return home / name if home and (home / name).is_dir() else None


def _default_cache(home: Path | None) -> Path:
    if home:
        return home / "cache"
    root = checkout()
    if root:
        return root / "cache"
    from platformdirs import user_cache_path

    return user_cache_path("mmbench")
