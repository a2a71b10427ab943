"""Who works on a run: a file made with ``O_EXCL``, kept fresh by a heartbeat.

A lease saves work, it does not protect results: equal runs give equal bytes and files are
replaced whole, so two holders at once are harmless.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmark.core.atomic import make_folder, store_error

#: Seconds without a heartbeat after which any holder counts as gone.
STALE_AFTER = 600.0
HEARTBEAT = 20.0
#: A holder writes its name right after making the file; an unreadable lease is given this long.
UNREADABLE_FOR = 10.0
#: Process start times are computed from the boot time, which a clock adjustment moves a little.
_START_TOLERANCE = 2.0


@dataclass(frozen=True)
class Holder:
    """The process that holds a lease.

    Attributes:
        host: Where it runs.
        pid: Process id.
        started: When the process started, seconds since the epoch; process ids are used again.
        token: Tells two leases of one process apart.
        owner: Id of the bundle it works for; empty if none.
    """

    host: str
    pid: int
    started: float
    token: str
    owner: str = ""

    @property
    def dead(self) -> bool:
        """True if the process ran on this host and is gone; False if alive or not ours to ask."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            # A killed worker stays a zombie until its parent asks for its exit code.
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            started: float = process.create_time()
            return abs(started - self.started) > _START_TOLERANCE
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


class Lease:
    """A held lease; use :func:`acquire` to get one and ``with`` to give it back."""

    def __init__(self, path: Path, holder: Holder, heartbeat: float) -> None:
        self.path = path
        self.holder = holder
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._beat, args=(heartbeat,), name=f"lease-{path.name}", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def held(self) -> bool:
        """False if another process took the lease over, e.g. after a long suspension."""
        return read_holder(self.path) == self.holder

    def release(self) -> None:
        """Stop the heartbeat and delete the lease if it is still ours."""
        self._stop.set()
        self._thread.join()
        if self.held:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _beat(self, interval: float) -> None:
        while not self._stop.wait(interval):
            if self.held:
                with suppress(OSError):
                    os.utime(self.path)


def acquire(
    folder: Path, fingerprint: str, heartbeat: float = HEARTBEAT, owner: str = ""
) -> Lease | None:
    """Take the lease of a run, or return None if somebody alive has it.

    Args:
        folder: ``cache/leases``.
        fingerprint: The run.
        heartbeat: Seconds between signs of life.
        owner: Id of the bundle the work belongs to.

    Raises:
        StoreError: The folder cannot be written.
    """
    path = folder / fingerprint
    make_folder(folder)
    if not _clear_stale(path):
        return None
    holder = Holder(
        host=socket.gethostname(),
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        token=uuid.uuid4().hex,
        owner=owner,
    )
    return Lease(path, holder, heartbeat) if _create(path, holder) else None


def is_stale(path: Path) -> bool:
    """Tell whether a lease file has no living holder."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return False
    holder = read_holder(path)
    if holder is None:
        return age > UNREADABLE_FOR
    return holder.dead or age > STALE_AFTER


def read_holder(path: Path) -> Holder | None:
    """Return who holds a lease; None if there is none or it cannot be read."""
    try:
        return Holder(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def clear_stale(folder: Path, fingerprint: str) -> None:
    """Remove the lease of a run whose holder is gone."""
    _clear_stale(folder / fingerprint)


def clear_of(folder: Path, owner: str, pid: int) -> None:
    """Remove the leases a process of this host held for a bundle; for a process known to be dead.

    Args:
        folder: ``cache/leases``.
        owner: Id of the bundle.
        pid: Process id.
    """
    for path in folder.glob("*"):
        holder = read_holder(path)
        if holder and (holder.owner, holder.pid, holder.host) == (owner, pid, socket.gethostname()):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _create(path: Path, holder: Holder) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    except OSError as error:
        raise store_error(error, path) from error
    try:
        os.write(handle, json.dumps(vars(holder)).encode())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise store_error(error, path) from error
    finally:
        os.close(handle)
    return True


def _clear_stale(path: Path) -> bool:
    """Return True if no lease is in the way any more.

    The stale file is renamed away before it is deleted. Where another process was faster, the
    file we renamed is its fresh lease: it is put back, by a link, which never overwrites.
    """
    if not path.exists():
        return True
    if not is_stale(path):
        return False
    stale = read_holder(path)
    aside = path.with_name(f"{path.name}.stale-{uuid.uuid4().hex}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise store_error(error, path) from error
    ours = read_holder(aside) == stale
    if not ours:
        with suppress(OSError):
            _link_back(aside, path)
    with suppress(OSError):
        aside.unlink(missing_ok=True)
    return ours


def _link_back(aside: Path, path: Path) -> None:
    try:
        os.link(aside, path)
    except OSError as error:
        # No hard links here: rename may overwrite a third lease, which only wastes work.
        if error.errno in {errno.EPERM, errno.ENOTSUP}:
            aside.rename(path)
