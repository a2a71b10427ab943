"""One process at a time: a lock on a file that is given back when its holder ends.

``flock`` where the file system has it: the kernel drops the lock with the process. Some file
systems of clusters have none; there a lease beside the file (:mod:`benchmark.core.leases`) takes
its place, which is given up when its holder is found dead or silent.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.core import leases
from benchmark.core.atomic import make_folder, store_error

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})
#: Seconds between two looks at a lease that somebody holds.
_PAUSE = 0.5


def _no_word() -> None:
    """Say nothing."""


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None] = _no_word) -> Iterator[None]:
    """Hold the lock ``path``; the file stays, since deleting it would let two holders in.

    A killed holder blocks nobody. Child processes that are started with exec do not inherit it.

    Args:
        path: Lock file, made where it is not there.
        waiting: Called once if another process holds the lock.

    Raises:
        StoreError: The file cannot be made or locked.
    """
    make_folder(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise store_error(error, path) from error
    try:
        lease = _lock(handle, path, waiting)
        try:
            yield
        finally:
            if lease is not None:
                lease.release()
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
    except OSError:
        lease = _lease_of(path)
        return lease.exists() and not leases.is_stale(lease)
    finally:
        os.close(handle)


def _lock(handle: int, path: Path, waiting: Callable[[], None]) -> leases.Lease | None:
    """Wait for the lock; return the lease that stands for it where there are no locks."""
    import fcntl

    try:
        if not _taken_at_once(handle):
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        return None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise store_error(error, path) from error
    return _wait_for_lease(path, waiting)


def _wait_for_lease(path: Path, waiting: Callable[[], None]) -> leases.Lease:
    lease = leases.acquire(path.parent, _lease_of(path).name)
    if lease is None:
        waiting()
    while lease is None:
        time.sleep(_PAUSE)
        lease = leases.acquire(path.parent, _lease_of(path).name)
    return lease


def _lease_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lease")


def _taken_at_once(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
