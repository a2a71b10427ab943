"""What a worker tells its supervisor: JSON lines on a pipe. News only; the store has the truth."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any

_MESSAGE_LIMIT = 2000


class Reporter:
    """Writing end.

    Args:
        fd: File descriptor of the pipe; None says nothing, for a worker of another engine.
        interval: Least seconds between two progress or alive events.
    """

    def __init__(self, fd: int | None, interval: float = 0.2) -> None:
        self._fd = fd
        self._interval = interval
        self._last = 0.0
        if fd is not None:
            # Processes started by a run must not hold the pipe open.
            os.set_inheritable(fd, False)

    @property
    def supervised(self) -> bool:
        """True if somebody listens."""
        return self._fd is not None

    def send(self, event: str, **fields: Any) -> None:
        """Write one event; a supervisor that is gone is no reason to fail."""
        if self._fd is None:
            return
        line = json.dumps({"event": event, **fields}, default=str) + "\n"
        data = memoryview(line.encode())
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            self._fd = None

    def ended(self, fingerprint: str, status: str, message: str = "") -> None:
        """Say how a run ended."""
        self.send("end", fp=fingerprint, status=status, message=message[:_MESSAGE_LIMIT])

    def progress(self, fingerprint: str, info: Mapping[str, Any]) -> None:
        """Say how far a run is, at most every ``interval`` seconds."""
        if self._due():
            self.send("progress", fp=fingerprint, info=dict(info))

    def alive(self) -> None:
        """Say that the worker looks for work, at most every ``interval`` seconds."""
        if self._due():
            self.send("alive")

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._last < self._interval:
            return False
        self._last = now
        return True


class Listener:
    """Reading end; owns ``fd`` and never blocks.

    Attributes:
        ended: True once the writing end is closed everywhere.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.ended = False
        self._rest = b""
        os.set_blocking(fd, False)

    def fileno(self) -> int:
        """File descriptor, for a selector."""
        return self.fd

    def read(self) -> list[dict[str, Any]]:
        """Return the complete events that have arrived."""
        while True:
            try:
                chunk = os.read(self.fd, 65536)
            except BlockingIOError:
                break
            if not chunk:
                self.ended = True
                break
            self._rest += chunk
        *lines, self._rest = self._rest.split(b"\n")
        return [event for line in lines if (event := _parse(line)) is not None]

    def close(self) -> None:
        """Close the pipe."""
        os.close(self.fd)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
