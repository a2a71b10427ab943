"""SHA-256 of files, remembered in the cache, since planning asks for them again and again.

``<cache>/data/digests`` holds one file per path: the state it was in (of a file size and time of
change) and the digest. Who cannot write there computes every time.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.core.atomic import write_text
from benchmark.core.errors import DataError, StoreError

#: A file changed a moment ago may change again within the resolution of its time stamp.
_SETTLED = 2.0


def file_digest(path: Path, cache: Path) -> str:
    """Return the SHA-256 of a file's content; DataError where it cannot be read."""
    try:
        stat = path.stat()
        state = [stat.st_size, stat.st_mtime_ns]
        memo = recall(cache, path)
        if memo is not None and memo["state"] == state:
            return str(memo["digest"])
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        remember(cache, path, state, found, stat.st_mtime)
        return found
    except OSError as error:
        raise unreadable(path, error) from error


def recall(cache: Path, path: Path) -> dict[str, Any] | None:
    """Return ``state`` and ``digest`` remembered of a path; None if there is nothing sound."""
    try:
        memo = json.loads(_memo(cache, path).read_bytes())
    except (OSError, ValueError):
        return None
    sound = isinstance(memo, dict) and {"state", "digest"} <= memo.keys()
    return memo if sound else None


def remember(cache: Path, path: Path, state: list[Any], digest: str, changed: float) -> None:
    """Write a digest down, unless what it is of is so young that a change could go unnoticed.

    Args:
        cache: Cache folder.
        path: What the digest is of.
        state: Tells later whether it has changed; JSON values.
        digest: SHA-256.
        changed: When it last changed, seconds since the epoch.
    """
    if time.time() - changed < _SETTLED:
        return
    text = json.dumps({"path": str(path.resolve()), "state": state, "digest": digest})
    # Planning also works on a cache that cannot be written.
    with suppress(StoreError):
        write_text(_memo(cache, path), text)


def unreadable(path: Path, error: OSError) -> DataError:
    """Return an error that names the file and what the system says."""
    return DataError(
        f"{error.filename or path} cannot be read: {error.strerror}",
        "check the file and its permissions",
    )


def _memo(cache: Path, path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    return cache / "data" / "digests" / f"{name}.json"
