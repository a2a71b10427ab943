"""The fingerprint of data: what the tables hold, and the names and sizes of media files.

Digests are remembered (:mod:`benchmark.core.digests`), those of a folder of media by the times of
change of all its folders, which tell when a file came, went or was replaced by another. A media
file that is overwritten in place is not noticed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.core.digests import file_digest, recall, remember, unreadable
from benchmark.core.spec import canonical_json


def data_fingerprint(
    release: str,
    root: Path,
    cache: Path,
    tables: Iterable[Path],
    media: Iterable[Path] = (),
    options: Mapping[str, Any] | None = None,
) -> str:
    """Return the SHA-256 that names the data of a release.

    Args:
        release: Its id and version.
        root: Its folder; names below it count, where it lies does not.
        cache: Where digests are remembered.
        tables: Files whose content counts.
        media: Files and folders (with all below them) whose names and sizes count.
        options: Options of the preparation, plain JSON values.

    Raises:
        DataError: A file cannot be read; names it.
    """
    body = {
        "release": release,
        "tables": {_name(one, root): file_digest(one, cache) for one in sorted(tables)},
        "media": {_name(one, root): media_digest(one, cache) for one in sorted(media)},
        "options": dict(options or {}),
    }
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()


def media_digest(path: Path, cache: Path) -> str:
    """Return the SHA-256 over names and sizes of a file or of all files below a folder.

    Raises:
        DataError: It cannot be read.
    """
    try:
        if path.is_file():
            return hashlib.sha256(f"{path.stat().st_size}".encode()).hexdigest()
        known = _recall_tree(cache, path)
        if known is not None:
            return known
        folders, digest = _walk(path)
        newest = max(stamp for _, stamp in folders) / 1e9
        remember(cache, path, folders, digest, newest)
        return digest
    except OSError as error:
        raise unreadable(path, error) from error


def _walk(root: Path) -> tuple[list[list[Any]], str]:
    """Return every folder with its time of change, and the hash over names and sizes."""
    folders: list[list[Any]] = []
    lines: list[str] = []
    todo, seen = [root], set[tuple[int, int]]()
    while todo:
        folder = todo.pop()
        stat = folder.stat()
        if (stat.st_dev, stat.st_ino) in seen:  # a link that leads back
            continue
        seen.add((stat.st_dev, stat.st_ino))
        # The time is taken before the listing: a file that comes in between makes it stale.
        folders.append([folder.relative_to(root).as_posix(), stat.st_mtime_ns])
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    todo.append(Path(entry.path))
                else:
                    name = Path(entry.path).relative_to(root).as_posix()
                    lines.append(f"{name}\x1f{entry.stat().st_size}\n")
    body = hashlib.sha256()
    for line in sorted(lines):
        body.update(line.encode(errors="surrogateescape"))
    return folders, body.hexdigest()


def _recall_tree(cache: Path, root: Path) -> str | None:
    """Return what is remembered of a folder if none of its folders changed since."""
    memo = recall(cache, root)
    if memo is None:
        return None
    with suppress(OSError, TypeError, ValueError):
        if all((root / name).stat().st_mtime_ns == stamp for name, stamp in memo["state"]):
            return str(memo["digest"])
    return None


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
