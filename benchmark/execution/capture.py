"""One log file per run: what a run prints goes straight to a file of bounded size."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmark.core.atomic import make_folder, store_error

LOG_LIMIT = 20_000_000
_KEPT = 1_000_000
_LOOK_EVERY = 0.25


@contextmanager
def captured(path: Path, title: str) -> Iterator[None]:
    """Send file descriptors 1 and 2 to a log file, so that no pipe can fill up and block.

    Args:
        path: Log file; earlier attempts stay in it.
        title: First line of this attempt.

    Raises:
        StoreError: The log cannot be opened.
    """
    log = _open(path, title)
    _flush()
    saved = [os.dup(1), os.dup(2)]
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    try:
        with _trimming(path):
            yield
    finally:
        _flush()
        for number, before in enumerate(saved, start=1):
            os.dup2(before, number)
            os.close(before)
        trim(path)


def trim(path: Path, limit: int = LOG_LIMIT) -> None:
    """Cut a log over ``limit`` bytes to its end. Writers append, so they go on behind it."""
    with suppress(OSError), path.open("r+b") as handle:
        size = handle.seek(0, os.SEEK_END)
        if size <= limit:
            return
        handle.seek(size - _KEPT)
        rest = handle.read(_KEPT)
        handle.truncate(0)
        with path.open("ab") as end:
            end.write(f"[{size - len(rest)} bytes of log cut]\n".encode() + rest)


def last_lines(path: Path, count: int = 20) -> str:
    """Return the last lines of a log; empty if there is none."""
    try:
        with path.open("rb") as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(max(0, size - 200 * count))
            text = handle.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def _open(path: Path, title: str) -> int:
    make_folder(path.parent)
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(log, f"=== {title}\n".encode())
    except OSError as error:
        raise store_error(error, path) from error
    return log


@contextmanager
def _trimming(path: Path) -> Iterator[None]:
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_LOOK_EVERY):
            trim(path)

    thread = threading.Thread(target=watch, name="log-trim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Closed, replaced or on a full disk: what it held is lost, the run is not.
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
