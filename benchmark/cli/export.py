"""Where a rendered table goes: stdout, a file, or a folder."""

from __future__ import annotations

import os
from pathlib import Path

from benchmark.cli._console import emit
from benchmark.core.errors import StoreError
from benchmark.render.formats import SUFFIXES, render
from benchmark.render.table import Table
from benchmark.store.atomic import write_text


def write_export(table: Table, fmt: str, output: Path | str | None) -> None:
    """Render a table to stdout, to the file ``output``, or into the folder ``output``.

    A folder is one that exists, a text that ends with a slash, or a path without an extension
    (a :class:`Path` forgets its last slash); the file in it is called
    ``<paper>-<table>.<extension>``. Missing folders are made; a file appears whole or not at all.

    Raises:
        UnknownNameError: There is no format ``fmt``.
        StoreError: The path cannot be written; an older file is untouched.
    """
    text = render(table, fmt)
    if output is None:
        emit(text.rstrip("\n"))
        return
    path = _file(table, fmt, output)
    try:
        write_text(path, text)
    except StoreError as error:
        # The store would advise another cache, which does not help here.
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else ""
        raise StoreError(
            f"cannot write {path}: {reason or error.message}",
            "name another file or folder with --output, or leave it out for stdout",
        ) from error


def _file(table: Table, fmt: str, output: Path | str) -> Path:
    """Return the file to write; in a folder it is named after table and format."""
    path = Path(output)
    ends_open = str(output).endswith(("/", os.sep))
    if path.is_dir() or ends_open or not (path.suffix or path.exists()):
        return path / f"{table.id.replace('/', '-')}{SUFFIXES[fmt]}"
    return path
