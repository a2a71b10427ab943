"""Epoch checkpoints: a killed run goes on where it was."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import time
import uuid
from pathlib import Path
from typing import Any

import torch

_log = logging.getLogger("benchmark.training")
_SCHEMA = 1
_DIGEST = hashlib.sha256().digest_size


class Checkpoint:
    """One file with the state after an epoch: a SHA-256 digest, then what ``torch.save`` writes.

    Args:
        path: File; None keeps no checkpoint.
        key: Names the run and its code; a file of another run or of other code is ignored.
        every: Seconds between two writes.
    """

    def __init__(self, path: Path | None, key: str, every: float) -> None:
        self.path, self.key, self.every = path, key, every
        self._written = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the stored state, tensors on the CPU; None if there is none that can be used."""
        if self.path is None or not self.path.exists():
            return None
        try:
            state = _read(self.path)
        # A damaged file raises whatever unpickling runs into; all of it means: start again.
        except Exception as error:
            _log.warning("checkpoint %s is unreadable (%s); starting again", self.path, error)
            return None
        if (state.get("schema"), state.get("key")) != (_SCHEMA, self.key):
            _log.warning(
                "checkpoint %s belongs to another run or other code; starting again", self.path
            )
            return None
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Write the state, unless the last write is less than ``every`` seconds ago.

        A disk that is full or read-only costs the checkpoint, not the run: it is logged.
        """
        if self.path is None or time.monotonic() - self._written < self.every:
            return
        try:
            _write(self.path, {**state, "schema": _SCHEMA, "key": self.key})
        except OSError as error:
            _log.warning("checkpoint %s cannot be written (%s); going on", self.path, error)
        self._written = time.monotonic()


def _read(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    digest, body = data[:_DIGEST], data[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("its checksum does not match")
    state = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise TypeError(f"it holds a {type(state).__name__}")
    return state


def _write(path: Path, state: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    body = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    temp = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex}.tmp")
    try:
        with temp.open("wb") as file:
            file.write(hashlib.sha256(body).digest() + body)
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)
    finally:
        temp.unlink(missing_ok=True)
