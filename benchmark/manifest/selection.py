"""What is asked for: a table under a variant and profile, and which part of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.datasets._base import DataContext
from benchmark.manifest.schema import Manifest, RowEntry

_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True)
class Request:
    """A request for runs of a table. Selections are names, globs and comma-separated lists.

    Attributes:
        context: Where data is, and which source may be used.
        variant: ``described`` or ``released``.
        profile: A profile, or ``auto``.
        accelerator: Whether there is one; ``auto`` takes ``paper`` only then.
        device: Kind of device that costs are measured on.
        rows: Row keys; none is all, here and below.
        models: Registry names.
        datasets: Names in the table.
        tasks: Names; a run that trains several tasks serves each.
        folds: Numbers and ranges: ``0``, ``1-3``.
        seeds: Likewise.
        overrides: Value text by path, as of ``--set``.
    """

    context: DataContext
    variant: str = "described"
    profile: str = "auto"
    accelerator: bool = False
    device: str = "cpu"
    rows: Sequence[str] = ()
    models: Sequence[str] = ()
    datasets: Sequence[str] = ()
    tasks: Sequence[str] = ()
    folds: Sequence[str] = ()
    seeds: Sequence[str] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)


def select_rows(manifest: Manifest, request: Request) -> list[RowEntry]:
    """Return the rows asked for by key and model, in the table's order."""
    keys = matching(request.rows, [row.key for row in manifest.rows], "row")
    models = matching(request.models, _models(manifest), "model")
    chosen = [row for row in manifest.rows if row.key in keys]
    return [row for row in chosen if row.model in models] if request.models else chosen


def select_tasks(manifest: Manifest, request: Request) -> tuple[str, ...]:
    """Return the tasks asked for among those that have columns."""
    known = dict.fromkeys(column.task for column in manifest.columns if column.task)
    return matching(request.tasks, list(known), "task")


def _models(manifest: Manifest) -> list[str]:
    """Return the models of rows that are trained; rows that look at others name none."""
    return sorted({row.model for row in manifest.rows if row.model})


def matching(patterns: Iterable[str], known: Sequence[str], kind: str) -> tuple[str, ...]:
    """Return the names that patterns ask for, in the order of ``known``; all without a pattern.

    Raises:
        UnknownNameError: A name or glob that fits nothing.
    """
    wanted = _split(patterns)
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise UnknownNameError(kind, pattern, known)
    if not wanted:
        return tuple(known)
    return tuple(name for name in known if any(fnmatchcase(name, one) for one in wanted))


def numbers(patterns: Iterable[str], option: str) -> frozenset[int] | None:
    """Return the numbers that texts like ``0`` and ``1-3`` ask for; None asks for all.

    Raises:
        UsageError: A text that is neither.
    """
    found: set[int] = set()
    wanted = _split(patterns)
    for text in wanted:
        ends = _RANGE.fullmatch(text)
        if text.isdecimal():
            found.add(int(text))
        elif ends and int(ends[1]) <= int(ends[2]):
            found.update(range(int(ends[1]), int(ends[2]) + 1))
        else:
            raise UsageError(f"{option} {text!r} is neither a number nor a range like 0-4")
    return frozenset(found) if wanted else None


def _split(patterns: Iterable[str]) -> list[str]:
    parts = (part.strip() for text in patterns for part in text.split(","))
    return [part for part in parts if part]
