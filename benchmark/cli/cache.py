"""``mmbench cache``: what is stored, whether it is sound, what can go, what another cache has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cli._console import emit, emit_columns, emit_json, say
from benchmark.core.paths import Paths

if TYPE_CHECKING:
    from benchmark.store.gc import Garbage
    from benchmark.store.verify import CacheSummary, VerifyReport


def list_cache(paths: Paths, as_json: bool) -> None:
    """Print how many runs are stored, of what, and how much room they take."""
    from benchmark.store.runs import RunStore
    from benchmark.store.verify import summarise

    _note_absent(paths)
    summary = summarise(RunStore(paths.cache))
    if as_json:
        emit_json({"cache": str(paths.cache), **asdict(summary)})
        return
    emit(f"{paths.cache}: {_size(sum(summary.bytes.values()))}, {_counts(summary.runs) or 'empty'}")
    if rows := list(_rows(summary)):
        emit("")
        emit_columns(("what", "name", "runs", "size"), rows)


def _note_absent(paths: Paths) -> None:
    if not paths.cache.is_dir():
        say(f"{paths.cache} does not exist, so nothing is stored there")


def verify_cache(paths: Paths, as_json: bool) -> bool:
    """Check every stored file, print what was found, and return whether all of it can be read."""
    from benchmark.store.runs import RunStore
    from benchmark.store.verify import verify

    _note_absent(paths)
    report = verify(RunStore(paths.cache))
    if as_json:
        plain = {key: _plain(value) for key, value in asdict(report).items()}
        emit_json({"cache": str(paths.cache), "sound": report.sound, **plain})
    else:
        for line in _lines(report):
            emit(line)
    return report.sound


def collect_garbage(
    paths: Paths, days: float, planned: Sequence[Path] | None, really: bool, as_json: bool
) -> None:
    """Print what nobody needs, and delete it if asked to.

    Args:
        paths: Folders.
        days: Age from which files in quarantine may go.
        planned: Manifests besides the shipped ones whose runs to keep, all others go; None keeps
            every stored run.
        really: Delete, instead of only saying what would be deleted.
        as_json: Print JSON instead of lines.
    """
    from benchmark.cli._planned import runs_to_keep
    from benchmark.store.gc import delete, find_garbage, made_data
    from benchmark.store.runs import RunStore

    store = RunStore(paths.cache)
    keep = None if planned is None else runs_to_keep(store, paths, planned)
    found = find_garbage(store, days, keep)
    gone = delete(store, found) if really else []
    if as_json:
        emit_json(
            {
                "cache": str(paths.cache),
                "deleted": really,
                "garbage": [{**asdict(one), "path": str(one.path)} for one in gone or found],
                "kept": made_data(paths.cache),
            }
        )
        return
    for line in _garbage_lines(gone if really else found, really):
        emit(line)
    if made := made_data(paths.cache):
        say(
            f"kept: {_size(sum(made.values()))} of prepared and generated data in "
            f"{paths.cache / 'data'}; it is made again when needed, so its folders may be deleted"
        )


def merge_cache(other: Path, paths: Paths, dry_run: bool, as_json: bool) -> bool:
    """Copy what another cache has and this one lacks; return whether nothing stands in the way."""
    from benchmark.store.merge import merge
    from benchmark.store.runs import RunStore

    runs = merge(other, RunStore(paths.cache), dry_run)
    counts = Counter(run.action for run in runs)
    if as_json:
        emit_json({"cache": str(paths.cache), "counts": counts, "runs": [asdict(r) for r in runs]})
    else:
        for run in runs:
            if run.why:
                emit(f"{run.action}: {run.fingerprint}: {run.why}")
        shown = ", ".join(f"{count} {action}" for action, count in sorted(counts.items()))
        emit(f"{shown or 'no runs there'}{' (nothing was copied)' if dry_run else ''}")
    return not (counts["conflict"] or counts["damaged"])


def _garbage_lines(garbage: Sequence[Garbage], really: bool) -> Iterator[str]:
    from benchmark.store.gc import MEANING

    for kind, text in MEANING.items():
        some = [one for one in garbage if one.kind == kind]
        if some:
            yield f"{text}: {len(some)}, {_size(sum(one.bytes for one in some))}"
    total = _size(sum(one.bytes for one in garbage))
    if really:
        yield f"deleted: {total}"
    elif garbage:
        yield f"{total} could be deleted; --delete does it"
    else:
        yield "nothing to delete"


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
