"""The bytes of a stored run: three lines of one JSON object, the first a checksum of the rest.

::

    {"checksum":"<sha256 of the two lines below>",
    "head":{"artifacts":{},"bundle":"","fingerprint":"...","limits":{},...,"status":"ok"},
    "result":{...}}

The head repeats what planning asks of thousands of runs, so that it need not parse the metrics.
Canonical JSON has no line breaks, hence three lines are three lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from benchmark.core.errors import StoreError
from benchmark.core.result import RESULT_SCHEMA, RunResult, Status
from benchmark.core.spec import canonical_json

_STATUSES = frozenset(get_args(Status))
_NEEDED = frozenset({"spec", "status", "rows", "releases", "seconds", "provenance", "started"})


class CorruptRecord(ValueError):
    """The bytes are not a record that was written whole."""


@dataclass(frozen=True)
class Head:
    """What planning needs of a stored run.

    Attributes:
        fingerprint: Name of the run.
        status: How it ended.
        limits: Time-out in seconds and memory in GiB it had.
        bundle: Id of the bundle it was executed for; empty if none.
        schema_version: Of the result.
        artifacts: sha256 of the files stored beside the result, by name.
    """

    fingerprint: str
    status: Status
    limits: dict[str, float]
    bundle: str
    schema_version: int
    artifacts: dict[str, str] = field(default_factory=dict)


def encode(result: RunResult, artifacts: Mapping[str, str] | None = None) -> bytes:
    """Serialise a result.

    Args:
        result: The record.
        artifacts: sha256 of the files stored beside it, by name.

    Raises:
        ValueError: A number that JSON has no form for (NaN, infinity) is in the record.
        TypeError: A value that is no JSON value at all is in the record.
    """
    head = {
        "artifacts": dict(artifacts or {}),
        "bundle": str(result.provenance.get("bundle", "")),
        "fingerprint": result.fingerprint,
        "limits": result.limits,
        "schema_version": result.schema_version,
        "status": result.status,
    }
    payload = canonical_json(_plain(result))
    body = f'"head":{canonical_json(head)},\n"result":{payload}}}\n'.encode()
    return _first_line(body) + body


def decode_head(data: bytes, fingerprint: str) -> Head:
    """Check the checksum and the name, and return the head.

    Raises:
        CorruptRecord: Truncated, changed, empty, of another kind, or another run's record.
        StoreError: Written by a newer mmbench.
    """
    return _checked(data, fingerprint)[0]


def decode_plain(data: bytes, fingerprint: str) -> dict[str, Any]:
    """Return the result as plain JSON values; raises like :func:`decode_head`."""
    _, payload = _checked(data, fingerprint)
    value: dict[str, Any] = json.loads(payload)
    missing = _NEEDED - value.keys()
    if missing:
        raise CorruptRecord(f"not a run result: no {sorted(missing)}")
    return value


def decode(data: bytes, fingerprint: str) -> RunResult:
    """Return the validated result; raises like :func:`decode_head`."""
    _, payload = _checked(data, fingerprint)
    try:
        return RunResult.model_validate_json(payload)
    except ValueError as error:
        raise CorruptRecord(f"not a run result: {error}") from error


def _plain(result: RunResult) -> dict[str, Any]:
    # pydantic's JSON mode would turn NaN into null; a metric must say None and why instead.
    return result.model_dump(mode="python")


def _first_line(body: bytes) -> bytes:
    return f'{{"checksum":"{hashlib.sha256(body).hexdigest()}",\n'.encode()


def _checked(data: bytes, fingerprint: str) -> tuple[Head, bytes]:
    first, newline, body = data.partition(b"\n")
    if first + newline != _first_line(body):
        raise CorruptRecord("the checksum does not match" if data else "the file is empty")
    try:
        line, payload = body.removesuffix(b"}\n").split(b"\n", 1)
        head = _head(json.loads(b"{" + line.removesuffix(b",") + b"}")["head"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptRecord(f"the head cannot be read: {error!r}") from error
    if head.schema_version > RESULT_SCHEMA:
        raise StoreError(
            f"run {fingerprint} has result schema {head.schema_version}, newer than "
            f"{RESULT_SCHEMA} which this mmbench reads",
            "upgrade mmbench, or choose another folder with --cache",
        )
    if head.status not in _STATUSES:
        raise CorruptRecord(f"unknown status {head.status!r}")
    if head.fingerprint != fingerprint:
        raise CorruptRecord(f"it holds run {head.fingerprint}")
    return head, payload.removeprefix(b'"result":')


def _head(value: dict[str, Any]) -> Head:
    return Head(
        fingerprint=value["fingerprint"],
        status=value["status"],
        limits=dict(value["limits"]),
        bundle=value["bundle"],
        schema_version=int(value["schema_version"]),
        artifacts=dict(value["artifacts"]),
    )
