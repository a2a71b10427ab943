"""Find what nobody needs any more in a cache, and delete it when asked to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmark.core import leases
from benchmark.core.atomic import is_stale_temp, is_temp, store_error
from benchmark.core.locks import exclusive, is_held
from benchmark.core.result import FINAL
from benchmark.store.runs import RunStore

Kind = Literal[
    "temporary", "quarantine", "artifacts", "checkpoint", "log", "preparation", "unplanned"
]
#: What each kind of garbage is, for people.
MEANING: dict[Kind, str] = {
    "temporary": "temporary files of processes that are gone",
    "quarantine": "files in quarantine",
    "artifacts": "folders that belong to no stored run",
    "checkpoint": "checkpoints of finished runs",
    "log": "logs without a run",
    "preparation": "half-prepared data that nobody has gone on with for a day",
    "unplanned": "runs that no table plans",
}
#: A run's files appear before its record does; younger ones are left alone.
YOUNG = 3600.0
_DAY = 24 * 3600.0


@dataclass(frozen=True)
class Garbage:
    """Something that can be deleted.

    Attributes:
        kind: Why.
        path: File or folder; of an unplanned run the record, which its other files follow.
        bytes: Room it takes, with what follows it.
        fingerprint: The run it belonged to; empty for temporary files and quarantine.
    """

    kind: Kind
    path: Path
    bytes: int
    fingerprint: str = ""


def find_garbage(
    store: RunStore, quarantine_days: float = 30.0, planned: Collection[str] | None = None
) -> list[Garbage]:
    """Return what could be deleted; nothing is changed but unreadable records set aside.

    What a living process holds a lease on is never garbage, and neither are checkpoints of runs
    that were interrupted. Prepared and generated data is kept (:func:`made_data`): whether a run
    will read it again is not known here.

    Args:
        store: The cache.
        quarantine_days: Age from which a file in quarantine is garbage.
        planned: Runs to keep; None keeps all stored runs.
    """
    unplanned = set() if planned is None else set(store.fingerprints()) - set(planned)
    found = [*_temporary(store), *_quarantined(store, quarantine_days), *_half_prepared(store)]
    for kind, path in [*_artifacts(store), *_logs(store)]:
        fingerprint = path.stem if kind == "log" else _owner(path)
        if fingerprint not in unplanned:
            found.append(Garbage(kind, path, size(path), fingerprint))
    for name in sorted(unplanned):
        total = sum(size(path) for path in _files_of(store, name))
        found.append(Garbage("unplanned", store.path(name), total, name))
    return [one for one in found if not (one.fingerprint and _in_work(store, one.fingerprint))]


def delete(store: RunStore, garbage: Collection[Garbage]) -> list[Garbage]:
    """Delete what :func:`find_garbage` found and is still garbage.

    Returns:
        What was deleted.

    Raises:
        StoreError: Something cannot be deleted; everything else is as it was.
    """
    return [one for one in garbage if _delete(store, one)]


def size(path: Path) -> int:
    """Return the bytes of a file or of all files in a folder; 0 if it is gone."""
    total = 0
    for one in [path, *path.rglob("*")]:
        with suppress(OSError):
            total += one.stat().st_size if one.is_file() else 0
    return total


def _temporary(store: RunStore) -> Iterator[Garbage]:
    for path in sorted(store.cache.rglob("*")):
        if is_temp(path.name) and is_stale_temp(path):
            yield Garbage("temporary", path, size(path))


def _quarantined(store: RunStore, days: float) -> Iterator[Garbage]:
    for path in sorted(store.quarantine.glob("*")):
        # Moving a file aside changes its status, not its content.
        if _age(path, lambda stat: max(stat.st_mtime, stat.st_ctime)) > days * _DAY:
            yield Garbage("quarantine", path, size(path))


def made_data(cache: Path) -> dict[str, int]:
    """Return the bytes of prepared and generated data, which can be made again, by folder."""
    folders = [one for root in _data_folders(cache) for one in sorted(root.glob("*"))]
    return {one.relative_to(cache).as_posix(): size(one) for one in folders if _is_whole(one)}


def _is_whole(folder: Path) -> bool:
    return folder.is_dir() and folder.suffix != ".part" and not is_temp(folder.name)


def _data_folders(cache: Path) -> tuple[Path, ...]:
    return cache / "data" / "prepared", cache / "data" / "synthetic"


def _half_prepared(store: RunStore) -> Iterator[Garbage]:
    for root in _data_folders(store.cache):
        for path in sorted(root.glob("*.part")):
            newest = min((_age(one) for one in [path, *path.rglob("*")]), default=0.0)
            if newest > _DAY and not is_held(_preparation_lock(store, path)):
                yield Garbage("preparation", path, size(path))


def _preparation_lock(store: RunStore, path: Path) -> Path:
    return store.cache / "locks" / f"{path.stem}.lock"


def _artifacts(store: RunStore) -> Iterator[tuple[Kind, Path]]:
    for folder in sorted(store.artifacts.glob("*")):
        checkpoint = store.checkpoint_path(folder.name)
        head = store.head(folder.name)
        if head is None:
            if not checkpoint.exists() and _is_old(folder):
                yield "artifacts", folder
        elif head.status in FINAL and checkpoint.exists():
            yield "checkpoint", checkpoint


def _logs(store: RunStore) -> Iterator[tuple[Kind, Path]]:
    for path in sorted((store.cache / "logs").glob("*.log")):
        interrupted = store.checkpoint_path(path.stem).exists()
        if store.head(path.stem) is None and not interrupted and _is_old(path):
            yield "log", path


def _owner(path: Path) -> str:
    return path.parent.name if path.name == "checkpoint.pt" else path.name


def _files_of(store: RunStore, fingerprint: str) -> tuple[Path, ...]:
    """Return all of a run, the record first: without it nothing else counts."""
    log = store.cache / "logs" / f"{fingerprint}.log"
    return store.path(fingerprint), store.artifacts / fingerprint, log


def _in_work(store: RunStore, fingerprint: str) -> bool:
    lease = store.cache / "leases" / fingerprint
    return lease.exists() and not leases.is_stale(lease)


def _delete(store: RunStore, one: Garbage) -> bool:
    if one.kind == "preparation":
        lock = _preparation_lock(store, one.path)
        if is_held(lock):
            return False
        with exclusive(lock):
            return _remove(one.path)
    if not one.fingerprint:
        return _remove(one.path)
    lease = leases.acquire(store.cache / "leases", one.fingerprint)
    if lease is None:
        return False
    with lease:
        if not _still(store, one):
            return False
        paths = _files_of(store, one.fingerprint) if one.kind == "unplanned" else (one.path,)
        removed = [_remove(path) for path in paths]
        return any(removed)


def _still(store: RunStore, one: Garbage) -> bool:
    """Tell whether a run's leftovers are still without a run: one may have ended meanwhile."""
    if one.kind in ("artifacts", "log"):
        return store.head(one.fingerprint) is None
    return True


def _remove(path: Path) -> bool:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise store_error(error, path) from error
    return True


def _is_old(path: Path) -> bool:
    newest = min((_age(one) for one in [path, *path.rglob("*")]), default=0.0)
    return newest > YOUNG


def _age(path: Path, when: Callable[..., float] = lambda stat: stat.st_mtime) -> float:
    """Return seconds since a file was written; 0 if it is gone."""
    try:
        return time.time() - when(path.stat())
    except OSError:
        return 0.0
