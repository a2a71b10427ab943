"""``mmbench validate``: check manifests and printed tables as a whole, before any work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark.cli._console import emit, emit_json, say
from benchmark.core.errors import EXIT_MANIFEST, EXIT_OK, ManifestError
from benchmark.manifest.load import load_manifest
from benchmark.manifest.printed import load_printed
from benchmark.manifest.tables import TableEntry, all_tables, resolve_table


def validate_tables(names: Sequence[str], as_json: bool = False) -> int:
    """Print every problem of tables, one per line.

    Args:
        names: Ids, bare names or paths; none checks all tables.
        as_json: Print a list with the files and problems of each table instead.

    Returns:
        The exit code: 0, or 4 if there is a problem.

    Raises:
        UsageError: A name that no table, or more than one, has.
    """
    tables = [resolve_table(name) for name in names] or all_tables()
    checked = [_check(table) for table in tables]
    problems = [text for one in checked for text in one["problems"]]
    if as_json:
        emit_json(checked)
    else:
        for text in problems:
            emit(text)
    say(f"{_count(len(tables), 'table')} checked, {_count(len(problems), 'problem')}")
    return EXIT_MANIFEST if problems else EXIT_OK


def _check(table: TableEntry) -> dict[str, Any]:
    return {
        "id": table.id,
        "manifest": str(table.manifest) if table.manifest else None,
        "printed": str(table.printed) if table.printed else None,
        "problems": list(_problems(table.manifest, table.printed)),
    }


def _problems(manifest: Path | None, printed: Path | None) -> Iterator[str]:
    try:
        if manifest:
            load_manifest(manifest)
    except ManifestError as error:
        yield from error.problems
    try:
        if printed:
            load_printed(printed)
    except ManifestError as error:
        yield from error.problems


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
