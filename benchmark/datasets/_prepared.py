"""Folders in the cache that are made once from a release and only read afterwards.

A folder is made beside its place, in ``<folder>.part``, which a killed process leaves behind and
the next one goes on with; it gets its name when it is whole. Whoever finds it under its name may
trust it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.core.atomic import make_folder, publish_folder, write_text
from benchmark.core.locks import exclusive
from benchmark.core.spec import canonical_json
from benchmark.datasets._base import AttritionStep, DataContext, Progress, silent

ATTRITION = "attrition.json"


def prepared_folder(
    name: str, data: str, options: Mapping[str, Any], version: int, context: DataContext
) -> Path:
    """Return where the prepared form of some data is, or will be.

    Args:
        name: The dataset.
        data: Fingerprint of the release.
        options: All that shapes the prepared form, plain JSON values.
        version: Of the code that makes it; raised whenever its result changes.
        context: Folders.
    """
    text = canonical_json({"data": data, "options": dict(options), "version": version})
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return context.paths.cache / "data" / "prepared" / f"{name}-{key}"


def make_once(
    folder: Path,
    make: Callable[[Path], object],
    context: DataContext,
    progress: Progress = silent,
) -> Path:
    """Return a prepared folder, after making it where it is not there.

    Of several processes one makes it and the others wait.

    Args:
        folder: Of :func:`prepared_folder`.
        make: Fills a folder, in which it may find what an interrupted call has left.
        context: Folders.
        progress: Is told of waiting.

    Raises:
        StoreError: The cache cannot be written.
    """
    if folder.is_dir():
        return folder
    what = f"{folder.name}: another process prepares it"
    with exclusive(lock_of(folder, context), lambda: progress(what, 0, 1)):
        if not folder.is_dir():
            part = part_of(folder)
            make_folder(part)
            make(part)
            publish_folder(part, folder)
    return folder


def part_of(folder: Path) -> Path:
    """Return where a prepared folder is while it is made."""
    return folder.with_name(f"{folder.name}.part")


def lock_of(folder: Path, context: DataContext) -> Path:
    """Return the lock that is held while a prepared folder is made."""
    return context.paths.cache / "locks" / f"{folder.name}.lock"


def write_attrition(folder: Path, steps: Iterable[AttritionStep]) -> None:
    """Write down the steps from all records to the samples taken."""
    write_text(folder / ATTRITION, json.dumps([asdict(one) for one in steps], indent=2) + "\n")


def read_attrition(folder: Path) -> tuple[AttritionStep, ...]:
    """Return the steps written down in a prepared folder; none if there are none."""
    try:
        text = (folder / ATTRITION).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    return tuple(AttritionStep(**one) for one in json.loads(text))
