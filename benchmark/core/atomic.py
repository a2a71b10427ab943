"""Files that appear whole or not at all: temporary file, fsync, replace, fsync of the folder."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmark.core.errors import StoreError

TEMP_PREFIX = ".tmp~"
#: A temporary file of another host, whose processes cannot be asked, is stale after a day.
STALE_AFTER = 24 * 3600.0
#: Files of a folder from which one sync of the whole system is quicker than one of each.
_MANY = 200

_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space or choose another folder with --cache"),
    errno.EDQUOT: ("the quota is used up", "free some space or choose another folder with --cache"),
    errno.EFBIG: ("the file is larger than allowed", "raise the limit shown by `ulimit -f`"),
    errno.EROFS: ("the file system is read-only", "choose a writable folder with --cache"),
    errno.EACCES: ("permission denied", "make the folder writable or choose another with --cache"),
    errno.EPERM: ("not permitted", "make the folder writable or choose another with --cache"),
    errno.ENOTEMPTY: ("there is a folder with files already", "move it or choose another folder"),
    errno.ENOTDIR: ("a file is in the way of a folder", "move it or choose another with --cache"),
}


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file that is either complete or absent after a crash.

    Raises:
        StoreError: The disk is full, read-only or closed to us; an older file is untouched.
    """
    with replacing(path) as temp:
        temp.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text like :func:`write_bytes`."""
    write_bytes(path, text.encode())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; on a clean exit it becomes ``path``.

    Raises:
        StoreError: The disk is full, read-only or closed to us; an older file is untouched.
    """
    temp = path.parent / _temp_name()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temp
        _sync(temp)
        temp.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise store_error(error, path) from error
    finally:
        # After a success the name is gone already; after a failure nothing may stay behind.
        with suppress(OSError):
            temp.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; on a clean exit it becomes ``path``.

    ``path`` must be absent or an empty folder by then; else StoreError, and it is untouched.
    """
    temp = path.parent / _temp_name()
    try:
        temp.mkdir(parents=True)
        yield temp
        publish_folder(temp, path)
    except OSError as error:
        raise store_error(error, path) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def publish_folder(folder: Path, path: Path) -> None:
    """Fsync every file of a finished folder and rename it to ``path``; StoreError if it fails."""
    try:
        _sync_all([*folder.rglob("*"), folder])
        folder.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise store_error(error, path) from error


def make_folder(path: Path) -> None:
    """Create a folder and its parents; StoreError where that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(error, path) from error


def store_error(error: OSError, path: Path) -> StoreError:
    """Turn an operating-system error into one that names path, free space and remedy."""
    text = error.strerror or str(error)
    reason, hint = _REASONS.get(error.errno or 0, (text, "check the disk and `mmbench doctor`"))
    free = _free_space(path)
    return StoreError(f"cannot write {path}: {reason}{free}; nothing stored was touched", hint)


def is_temp(name: str) -> bool:
    """Tell a temporary file by its name; readers pass these over."""
    return name.startswith(TEMP_PREFIX)


def is_stale_temp(path: Path) -> bool:
    """Tell whether the writer of a temporary file is gone."""
    try:
        _, pid, host, _ = path.name.split("~", 3)
        age = time.time() - path.stat().st_mtime
    except (ValueError, OSError):
        return False
    if host == _host() and pid.isdigit():
        return not psutil.pid_exists(int(pid))
    return age > STALE_AFTER


def _temp_name() -> str:
    return f"{TEMP_PREFIX}{os.getpid()}~{_host()}~{uuid.uuid4().hex}"


def _host() -> str:
    return socket.gethostname().replace("~", "-").replace("/", "-")[:100]


def _sync_all(paths: list[Path]) -> None:
    """Bring all to the disk; many at once, since thousands of small files would take minutes."""
    if len(paths) > _MANY and hasattr(os, "sync"):
        os.sync()
        return
    for path in paths:
        _sync(path)


def _sync(path: Path) -> None:
    """Fsync a file or folder; some file systems refuse folders, which only weakens durability."""
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    except OSError as error:
        if not (path.is_dir() and error.errno in {errno.EINVAL, errno.ENOTSUP}):
            raise
    finally:
        os.close(handle)


def _free_space(path: Path) -> str:
    for folder in path.parents:
        if folder.is_dir():
            return f" ({shutil.disk_usage(folder).free / 1e6:,.1f} MB free in {folder})"
    return ""
