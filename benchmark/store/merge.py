"""Take over the results of another cache folder, e.g. from a cluster to a laptop.

The other folder is only read. Everything is checked before anything is copied; what belongs to a
run is copied before its record, so that a merge that is killed leaves whole runs and can be
repeated.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmark.core import leases
from benchmark.core.atomic import replacing, write_bytes
from benchmark.core.errors import StoreError
from benchmark.core.result import FINAL
from benchmark.store import record
from benchmark.store.record import CorruptRecord, Head
from benchmark.store.runs import RunStore, sha256

#: What a merge does with a run. ``restored``: the same result, whose predictions were gone here.
Action = Literal["new", "replaced", "restored", "known", "conflict", "damaged", "in work"]
_COPIED = frozenset({"new", "replaced", "restored"})


@dataclass(frozen=True)
class MergedRun:
    """A run of the other cache and what is done with it.

    Attributes:
        fingerprint: The run.
        action: What is done.
        why: The reason, for what is not simply copied or known.
    """

    fingerprint: str
    action: Action
    why: str = ""

    @property
    def copied(self) -> bool:
        """True if something was, or would be, copied."""
        return self.action in _COPIED


def merge(other: Path, store: RunStore, dry_run: bool = False) -> list[MergedRun]:
    """Copy runs of another cache that this one lacks or has failed at.

    ``ok`` wins over every failure, a final failure over one that would be tried again. Of two
    ``ok`` results with different metrics the one here stays, and the conflict is reported.

    Args:
        other: The other cache folder; it is not changed.
        store: Where results go.
        dry_run: Only say what would be done.

    Returns:
        Every run of the other cache in the order of fingerprints.

    Raises:
        StoreError: ``other`` is no cache, is this cache, or holds runs of a newer mmbench; or this
            cache cannot be written.
    """
    source = RunStore(other)
    if not source.runs.is_dir():
        raise StoreError(f"{other} is no cache of mmbench: it has no folder runs")
    if source.runs.resolve() == store.runs.resolve():
        raise StoreError(f"{other} is this cache itself")
    found = [_judge(source, store, name) for name in source.fingerprints()]
    return found if dry_run else [_take(source, store, one) for one in found]


def _judge(source: RunStore, store: RunStore, fingerprint: str) -> MergedRun:
    try:
        head, theirs = _read(source, fingerprint)
    except CorruptRecord as error:
        return MergedRun(fingerprint, "damaged", str(error))
    if lost := next(_lost(source, head), None):
        return MergedRun(fingerprint, "damaged", f"{lost} is gone or not what was stored")
    ours = store.plain(fingerprint)
    if ours is None:
        return MergedRun(fingerprint, "new")
    if _rank(theirs["status"]) > _rank(ours["status"]):
        why = f"{theirs['status']} there, {ours['status']} here"
        return MergedRun(fingerprint, "replaced", why)
    if theirs["status"] == ours["status"] == "ok":
        return _compare(store, fingerprint, ours, theirs)
    return MergedRun(fingerprint, "known")


def _compare(
    store: RunStore, fingerprint: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> MergedRun:
    """Judge two ``ok`` results of one run."""
    if differing := _differing(ours["rows"], theirs["rows"]):
        why = f"both are ok and differ in {differing}; the result here stays"
        return MergedRun(fingerprint, "conflict", why)
    head = store.head(fingerprint)
    if head is not None and next(_lost(store, head), None):
        return MergedRun(fingerprint, "restored", "its files were gone here")
    return MergedRun(fingerprint, "known")


def _differing(ours: list[Any], theirs: list[Any]) -> str:
    """Name the first metric that differs, or return an empty text."""
    one, other = ({_key(row): row for row in rows} for rows in (ours, theirs))
    for key in sorted({*one, *other}):
        if one.get(key) != other.get(key):
            values = [rows[key]["value"] if key in rows else "none" for rows in (one, other)]
            return f"{' '.join(key)}: {values[0]} here, {values[1]} there"
    return ""


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    names = ("stage", "part", "dataset", "task", "scenario", "subgroup", "head", "metric")
    return tuple(str(row[name]) for name in names)


def _rank(status: str) -> int:
    return 2 if status == "ok" else int(status in FINAL)


def _take(source: RunStore, store: RunStore, run: MergedRun) -> MergedRun:
    if not run.copied:
        return run
    lease = leases.acquire(store.cache / "leases", run.fingerprint)
    if lease is None:
        return MergedRun(run.fingerprint, "in work", "a process here computes it right now")
    with lease:
        # Either cache may have changed since the run was judged.
        now = _judge(source, store, run.fingerprint)
        if now.copied:
            _copy(source, store, run.fingerprint)
    return now


def _copy(source: RunStore, store: RunStore, fingerprint: str) -> None:
    data = source.path(fingerprint).read_bytes()
    head = record.decode_head(data, fingerprint)
    for name, digest in head.artifacts.items():
        with replacing(store.artifacts / fingerprint / name) as temp:
            shutil.copyfile(source.artifacts / fingerprint / name, temp)
            if sha256(temp) != digest:
                raise StoreError(f"{source.cache} changes while it is read", "merge it again later")
    log = Path("logs") / f"{fingerprint}.log"
    if (source.cache / log).is_file():
        with replacing(store.cache / log) as temp:
            shutil.copyfile(source.cache / log, temp)
    # Last: an ok record implies that everything that belongs to it is there.
    write_bytes(store.path(fingerprint), data)


def _read(source: RunStore, fingerprint: str) -> tuple[Head, dict[str, Any]]:
    """Read a record without setting a bad file aside: the other cache is not ours to change."""
    try:
        data = source.path(fingerprint).read_bytes()
    except OSError as error:
        raise CorruptRecord(f"cannot be read: {error.strerror}") from error
    plain = record.decode_plain(data, fingerprint)
    record.decode(data, fingerprint)
    return record.decode_head(data, fingerprint), plain


def _lost(store: RunStore, head: Head) -> Iterator[str]:
    """Yield the names of files of a run that are gone or changed."""
    for name, digest in head.artifacts.items():
        try:
            same = sha256(store.artifacts / head.fingerprint / name) == digest
        except OSError:
            same = False
        if not same:
            yield name
