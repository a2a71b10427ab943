"""The fingerprint of data: what the tables hold, and the names and sizes of media files.

Planning asks for it again and again, so digests are remembered in ``<cache>/data/digests``: of a
table by path, size and time of change; of a folder of media by the times of change of all its
folders, which tell when a file came, went or was replaced by another. A media file that is
overwritten in place is not noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.core.atomic import write_text
from benchmark.core.errors import DataError, StoreError
from benchmark.core.spec import canonical_json

_BLOCK = 2**20
#: A file changed a moment ago may change again within the resolution of its time stamp.
_SETTLED = 2.0


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


def file_digest(path: Path, cache: Path) -> str:
    """Return the SHA-256 of a file's content; DataError where it cannot be read."""
    try:
        stat = path.stat()
        state = [stat.st_size, stat.st_mtime_ns]
        found = _recall(cache, path, state)
        if found is None:
            found = _sha256(path)
            _remember(cache, path, state, found, stat.st_mtime)
        return found
    except OSError as error:
        raise _unreadable(path, error) from error


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
        _remember(cache, path, folders, digest, newest)
        return digest
    except OSError as error:
        raise _unreadable(path, error) from error


def _walk(root: Path) -> tuple[list[list[Any]], str]:
    """Return every folder with its time of change, and the hash over names and sizes."""
    folders: list[list[Any]] = []
    lines: list[str] = []
    todo = [root]
    while todo:
        folder = todo.pop()
        # The time is taken before the listing: a file that comes in between makes it stale.
        folders.append([folder.relative_to(root).as_posix(), folder.stat().st_mtime_ns])
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
    memo = _read(cache, root)
    if memo is None:
        return None
    with suppress(OSError, TypeError, ValueError):
        if all((root / name).stat().st_mtime_ns == stamp for name, stamp in memo["state"]):
            return str(memo["digest"])
    return None


def _recall(cache: Path, path: Path, state: list[int]) -> str | None:
    memo = _read(cache, path)
    return str(memo["digest"]) if memo and memo["state"] == state else None


def _remember(cache: Path, path: Path, state: list[Any], digest: str, changed: float) -> None:
    """Write a digest down, unless the file is so young that a change could go unnoticed."""
    if time.time() - changed < _SETTLED:
        return
    text = json.dumps({"path": str(path.resolve()), "state": state, "digest": digest})
    # Planning also works on a cache that cannot be written.
    with suppress(StoreError):
        write_text(_memo(cache, path), text)


def _read(cache: Path, path: Path) -> dict[str, Any] | None:
    try:
        memo = json.loads(_memo(cache, path).read_bytes())
    except (OSError, ValueError):
        return None
    sound = isinstance(memo, dict) and {"state", "digest"} <= memo.keys()
    return memo if sound else None


def _memo(cache: Path, path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    return cache / "data" / "digests" / f"{name}.json"


def _sha256(path: Path) -> str:
    body = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            body.update(block)
    return body.hexdigest()


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{error.filename or path} cannot be read: {error.strerror}",
        "check the file and its permissions",
    )
