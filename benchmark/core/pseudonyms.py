"""Names for samples and patients of credentialed releases, which nobody outside can trace back.

A plain hash of a patient's number can be undone by hashing all numbers; these are keyed with a
secret that never leaves the cache folder. Within one cache equal ids get equal names, so results
can be set side by side; two caches share no names.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from benchmark.core.errors import StoreError

KEY_FILE = "pseudonyms.key"
_BYTES = 32


def pseudonyms(ids: Iterable[str], key: bytes) -> list[str]:
    """Return 20 hexadecimal digits for each id."""
    return [hmac.new(key, one.encode(), hashlib.sha256).hexdigest()[:20] for one in ids]


def pseudonym_key(cache: Path) -> bytes:
    """Return the secret of a cache folder; the first call makes it.

    Raises:
        StoreError: It cannot be read or written, or is not whole.
    """
    path = cache / KEY_FILE
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot use {path}: {error.strerror}", "check its owner") from error
    if len(key) != _BYTES:
        raise StoreError(f"{path} is damaged", "delete it; names of samples will be new ones")
    return key


def _make(path: Path) -> None:
    """Write a secret unless there is one; of several writers at once the first one wins."""
    if path.exists():
        return
    temp = path.with_name(f".tmp~{path.name}.{os.getpid()}-{secrets.token_hex(8)}")
    handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temp, path)  # fails where it exists, unlike a rename
        except FileExistsError:
            return
    finally:
        temp.unlink(missing_ok=True)
