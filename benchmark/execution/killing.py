"""Ending processes with everything they started, also what hid in a session of its own."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import psutil

#: Environment variable that names the worker a process descends from.
MARK = "MMBENCH_WORKER"
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 20


def adopt_orphans(yes: bool = True) -> None:
    """On Linux, become the parent of descendants whose own parent ends; elsewhere do nothing.

    Without it a daemon's grandchild would go to init, where nobody can tell it is ours.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Adopt orphans for a while."""
    adopt_orphans()
    try:
        yield
    finally:
        adopt_orphans(False)


def family(pid: int) -> list[psutil.Process]:
    """Return the living descendants of a process."""
    try:
        found = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [process for process in found if _lives(process)]


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the process group ``pid`` leads; nothing if it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """SIGKILL each process that is still the one it was, and collect those that are ours."""
    victims = list(processes)
    for process in victims:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(victims, timeout=2)


def kill_marked(token: str) -> None:
    """SIGKILL our descendants that carry a worker's mark; for what outlived that worker."""
    for _ in range(_ROUNDS):
        left = [process for process in family(os.getpid()) if _mark(process) == token]
        if not left:
            return
        kill_all(left)


def end_with(lifeline: int) -> None:
    """Watch a pipe in a thread; when its other end closes, end this process and all it started.

    Args:
        lifeline: Reading end. The writing end belongs to the supervisor alone, so it closes
            whatever way the supervisor ends.
    """
    os.set_inheritable(lifeline, False)

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        end_everything()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def end_everything() -> None:
    """SIGKILL all descendants, then the own process group, this process included."""
    for _ in range(_ROUNDS):
        children = family(os.getpid())
        if not children:
            break
        for child in children:
            with suppress(psutil.Error):
                child.kill()
    if os.getpgrp() == os.getpid():
        signal_group(os.getpid(), signal.SIGKILL)
    os._exit(1)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _mark(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(MARK, ""))
    except (psutil.Error, OSError):
        return ""
