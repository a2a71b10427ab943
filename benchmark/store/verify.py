"""Look after the cache: re-hash every run, find what nobody needs, count what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.core import leases
from benchmark.core.atomic import is_stale_temp
from benchmark.store.record import Head
from benchmark.store.runs import RunStore, sha256


@dataclass(frozen=True)
class VerifyReport:
    """What a check of the cache found.

    Attributes:
        checked: Run files whose checksum was compared.
        bad: Fingerprints moved to quarantine by this check.
        missing: Runs whose predictions or weights are gone or not those stored with the result.
        quarantined: Files in quarantine, older ones included.
        temps: Files left by dead writers; removed by this check.
        stale_leases: Leases without a living holder; removed by this check.
        orphans: Artifact folders of no stored run that hold no checkpoint.
        checkpoints: Runs with an epoch checkpoint: in flight or interrupted.
    """

    checked: int = 0
    bad: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    quarantined: tuple[Path, ...] = ()
    temps: tuple[Path, ...] = ()
    stale_leases: tuple[str, ...] = ()
    orphans: tuple[Path, ...] = ()
    checkpoints: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """True if every stored run and what belongs to it is there and unchanged."""
        return not self.bad and not self.missing


@dataclass(frozen=True)
class CacheSummary:
    """What is in the cache.

    Attributes:
        runs: Stored runs by status.
        bytes: Bytes by folder or top-level file.
        models: Stored runs by model name.
        datasets: Stored runs by dataset name.
        tables: Stored runs by the table they were run for; a run may serve several.
        table_bytes: Bytes of results and artifacts by table, likewise.
    """

    runs: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    datasets: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    table_bytes: dict[str, int] = field(default_factory=dict)


def verify(store: RunStore) -> VerifyReport:
    """Re-hash every run and what lies beside it, and remove what dead writers left.

    Raises:
        StoreError: A run was written by a newer mmbench.
    """
    names = store.fingerprints()
    bad: list[str] = []
    missing: list[str] = []
    for name in names:
        head = store.head(name)
        if head is None or store.read(name) is None:
            bad.append(name)
        elif not _artifacts_hold(store, head):
            missing.append(name)
    artifacts = _folders(store.artifacts)
    checkpoints = tuple(path.name for path in artifacts if (path / "checkpoint.pt").exists())
    needed = {*names, *checkpoints} - set(bad)
    return VerifyReport(
        checked=len(names),
        bad=tuple(bad),
        missing=tuple(missing),
        quarantined=tuple(_files(store.quarantine)),
        temps=tuple(_remove(path for path in _files(store.cache) if is_stale_temp(path))),
        stale_leases=tuple(_clear_leases(store.cache / "leases")),
        orphans=tuple(path for path in artifacts if path.name not in needed),
        checkpoints=checkpoints,
    )


def summarise(store: RunStore) -> CacheSummary:
    """Count runs and bytes for ``cache ls``; nothing is changed but unreadable files set aside."""
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("runs", "models", "datasets", "tables", "table_bytes")
    }
    for name in store.fingerprints():
        result = store.plain(name)
        if result is not None:
            _count(counts, result, _run_size(store, name))
    sizes = {path.name: size for path in sorted(store.cache.glob("*")) if (size := _size(path))}
    return CacheSummary(bytes=sizes, **{name: dict(count) for name, count in counts.items()})


def _count(counts: dict[str, Counter[str]], result: dict[str, Any], size: int) -> None:
    counts["runs"][result["status"]] += 1
    counts["models"][result["spec"]["model"]["name"]] += 1
    counts["datasets"].update({one["dataset"] for one in result["spec"]["components"]})
    for table in set(result["provenance"].get("tables", ())):
        counts["tables"][table] += 1
        counts["table_bytes"][table] += size


def _run_size(store: RunStore, fingerprint: str) -> int:
    return _size(store.path(fingerprint)) + _size(store.artifacts / fingerprint)


def _artifacts_hold(store: RunStore, head: Head) -> bool:
    folder = store.artifacts / head.fingerprint
    return all(_digest(folder / name) == digest for name, digest in head.artifacts.items())


def _digest(path: Path) -> str:
    try:
        return sha256(path)
    except OSError:
        return ""


def _clear_leases(folder: Path) -> Iterator[str]:
    for path in _files(folder):
        if leases.is_stale(path):
            leases.clear_stale(folder, path.name)
            yield path.name


def _remove(paths: Iterator[Path]) -> Iterator[Path]:
    for path in list(paths):
        path.unlink(missing_ok=True)
        yield path


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("*") if path.is_dir())


def _files(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.is_file())


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
