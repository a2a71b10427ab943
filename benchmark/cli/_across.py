"""Selections over several tables at once: a name must be in one of them, not in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from benchmark.cli._options import split_commas
from benchmark.cli._work import Asked, manifest_paths, request_of
from benchmark.core.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from benchmark.manifest.expand import Expansion
    from benchmark.manifest.schema import Manifest
    from benchmark.manifest.selection import Request

#: Fields of a request that choose by name.
_BY_NAME = {"rows": "row", "models": "model", "datasets": "dataset", "tasks": "task"}


def expansions_across(asked: Asked) -> list[Expansion]:
    """Expand the tables asked for; without one, all results tables with the datasets asked for.

    A table in which a selection leaves nothing is left out.

    Raises:
        UsageError: Neither tables nor datasets were named, or nothing is left of any table.
        UnknownNameError: A row, model, dataset or task that none of the tables has.
        ManifestError: A manifest that does not hold.
    """
    from benchmark.manifest.expand import expand

    manifests = _manifests(asked)
    request = request_of(asked)
    for name in _BY_NAME:
        _check_known(name, getattr(request, name), manifests)
    narrowed = [(one, _narrowed(one, request)) for one in manifests]
    found = [expand(one, mine) for one, mine in narrowed if mine is not None]
    if not found:
        raise UsageError("no table has all of what is selected", "loosen --rows, --models ...")
    return found


def _manifests(asked: Asked) -> list[Manifest]:
    from benchmark.manifest.load import load_manifest

    if asked.tables:
        return [load_manifest(path) for path in manifest_paths(asked.tables)]
    if not asked.datasets:
        raise UsageError(
            "neither tables nor datasets were named",
            "mmbench compare TABLE ..., or mmbench compare --datasets NAME ... for all tables",
        )
    found = [load_manifest(path) for path in manifest_paths(_results_tables())]
    return [one for one in found if asked.profile in ("auto", *one.profile_names)]


def _results_tables() -> list[str]:
    from benchmark.manifest.tables import all_tables

    return [one.id for one in all_tables() if one.manifest and one.kind == "results"]


def _known(manifest: Manifest, name: str) -> list[str]:
    """Return the names a table has for a field of a request."""
    known: dict[str, Iterable[str]] = {
        "rows": (row.key for row in manifest.rows),
        "models": (row.model for row in manifest.rows if row.model),
        "datasets": manifest.datasets,
        "tasks": (column.task for column in manifest.columns if column.task),
    }
    return list(dict.fromkeys(known[name]))


def _check_known(name: str, patterns: Sequence[str], manifests: Sequence[Manifest]) -> None:
    known = {one for manifest in manifests for one in _known(manifest, name)}
    for pattern in split_commas(patterns):
        if not any(fnmatchcase(one, pattern) for one in known):
            raise UnknownNameError(_BY_NAME[name], pattern, known)


def _narrowed(manifest: Manifest, request: Request) -> Request | None:
    """Return the part of a request that a table can serve; None if that is nothing."""
    from benchmark.manifest.selection import matching, select_rows

    kept: dict[str, list[str]] = {}
    for name in _BY_NAME:
        known = _known(manifest, name)
        patterns = split_commas(getattr(request, name))
        kept[name] = [one for one in patterns if any(fnmatchcase(x, one) for x in known)]
        if patterns and not kept[name]:
            return None
    narrowed = replace(
        request,
        rows=kept["rows"],
        models=kept["models"],
        datasets=kept["datasets"],
        tasks=kept["tasks"],
    )
    datasets = matching(narrowed.datasets, list(manifest.datasets), "dataset")
    rows = select_rows(manifest, narrowed)
    has_any = any(set(manifest.row_datasets(row)) & set(datasets) for row in rows)
    return narrowed if has_any else None
