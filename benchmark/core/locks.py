"""One process at a time: a lock on a file that the kernel gives back when its holder ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.core.atomic import make_folder, store_error


def _no_word() -> None:
    """Say nothing."""


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None] = _no_word) -> Iterator[None]:
    """Hold the lock ``path``; the file stays, since deleting it would let two holders in.

    A killed holder blocks nobody: the kernel drops the lock with the process. Child processes that
    are started with exec do not inherit it.

    Args:
        path: Lock file, made where it is not there.
        waiting: Called once if another process holds the lock.

    Raises:
        StoreError: The file cannot be made.
    """
    import fcntl

    make_folder(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise store_error(error, path) from error
    try:
        if not _taken_at_once(handle):
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Tell whether some process holds the lock ``path``."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _taken_at_once(handle)
    finally:
        os.close(handle)


def _taken_at_once(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
