"""``mmbench cache``: how much is stored and whether it is sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmark.cli._console import emit, emit_columns, emit_json
from benchmark.core.paths import Paths

if TYPE_CHECKING:
    from benchmark.store.verify import CacheSummary, VerifyReport


def list_cache(paths: Paths, as_json: bool) -> None:
    """Print how many runs are stored, of what, and how much room they take."""
    from benchmark.store.runs import RunStore
    from benchmark.store.verify import summarise

    summary = summarise(RunStore(paths.cache))
    if as_json:
        emit_json({"cache": str(paths.cache), **asdict(summary)})
        return
    emit(f"{paths.cache}: {_size(sum(summary.bytes.values()))}, {_counts(summary.runs) or 'empty'}")
    if rows := list(_rows(summary)):
        emit("")
        emit_columns(("what", "name", "runs", "size"), rows)


def verify_cache(paths: Paths, as_json: bool) -> bool:
    """Check every stored file, print what was found, and return whether all of it can be read."""
    from benchmark.store.runs import RunStore
    from benchmark.store.verify import verify

    report = verify(RunStore(paths.cache))
    if as_json:
        plain = {key: _plain(value) for key, value in asdict(report).items()}
        emit_json({"cache": str(paths.cache), "sound": report.sound, **plain})
    else:
        for line in _lines(report):
            emit(line)
    return report.sound


def _rows(summary: CacheSummary) -> Iterator[tuple[str, str, str, str]]:
    for table, runs in sorted(summary.tables.items()):
        yield "table", table, str(runs), _size(summary.table_bytes.get(table, 0))
    for kind, counts in (("model", summary.models), ("dataset", summary.datasets)):
        for name, runs in sorted(counts.items()):
            yield kind, name, str(runs), ""
    for name, size in sorted(summary.bytes.items()):
        yield "folder", name, "", _size(size)


def _lines(report: VerifyReport) -> Iterator[str]:
    yield f"{report.checked} stored runs checked"
    for name in report.bad:
        yield f"damaged: {name} moved to quarantine; the next run does it again"
    for name in report.missing:
        yield f"predictions gone or unreadable: {name}; run it again with --force"
    others = {
        "files in quarantine": report.quarantined,
        "left-over temporary files removed": report.temps,
        "leases of dead processes removed": report.stale_leases,
        "folders that belong to no stored run": report.orphans,
        "runs in flight or interrupted, they go on from their checkpoint": report.checkpoints,
    }
    for text, found in others.items():
        if found:
            yield f"{text}: {len(found)}"
    yield "sound" if report.sound else "not sound"


def _counts(runs: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(runs.items()))


def _size(count: float) -> str:
    """Write bytes for people: ``1.5 MB``."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _plain(value: object) -> object:
    return [str(one) for one in value] if isinstance(value, tuple) else value
