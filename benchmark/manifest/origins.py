"""Rows that others evaluate or measure: of the same table, or ``paper/table#row`` of another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.manifest.read import read_manifest
from benchmark.manifest.schema import Manifest, RowEntry
from benchmark.manifest.tables import resolve_table


@dataclass(frozen=True)
class Origin:
    """A row with settings of its own, and the table it stands in."""

    manifest: Manifest
    row: RowEntry

    def name_in(self, table: str) -> str:
        """Return how a table calls the row."""
        own = self.manifest.id == table
        return self.row.key if own else f"{self.manifest.id}#{self.row.key}"


def find_origin(manifest: Manifest, name: str) -> Origin:
    """Return the row that ``of: name`` means in a table.

    Raises:
        UnknownNameError: No such table or row.
        UsageError: The table has no manifest, or the row has no settings of its own.
        ManifestError: The other table cannot be read.
    """
    table, hash_, key = name.rpartition("#")
    there = _other(table) if hash_ else manifest
    known = [row.key for row in there.rows]
    if key not in known:
        raise UnknownNameError("row", key, known)
    row = there.row(key)
    if not row.trains:
        raise UsageError(f"row {key!r} evaluates other rows itself", "name the row it evaluates")
    return Origin(there, row)


def origins(manifest: Manifest, row: RowEntry) -> tuple[Origin, ...]:
    """Return the rows that a row evaluates or measures; raises like :func:`find_origin`."""
    return tuple(find_origin(manifest, name) for name in row.origins)


def _other(table: str) -> Manifest:
    entry = resolve_table(table)
    if entry.manifest is None:
        raise UsageError(f"{entry.id} has no manifest", "name a row of a table that can be run")
    return _read(entry.manifest, entry.manifest.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> Manifest:
    """Read a table once for all rows that look at it, and again when its file was changed."""
    return read_manifest(path)
