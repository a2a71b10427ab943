"""Where a rendered table goes: stdout, a file, or a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmark.cli._console import emit
from benchmark.core.atomic import write_text
from benchmark.core.errors import StoreError
from benchmark.render.formats import SUFFIXES, render, render_all
from benchmark.render.table import Table


def write_export(table: Table, fmt: str, output: Path | str | None) -> None:
    """Render a table to stdout, to the file ``output``, or into the folder ``output``.

    A folder is one that exists, a text that ends with a slash, or a path without an extension
    (a :class:`Path` forgets its last slash); the file in it is called
    ``<paper>-<table>.<extension>``. Missing folders are made; a file appears whole or not at all.

    Raises:
        UnknownNameError: There is no format ``fmt``.
        StoreError: The path cannot be written; an older file is untouched.
    """
    write_rendered(render(table, fmt), table.id.replace("/", "-"), fmt, output)


def write_exports(tables: Sequence[Table], fmt: str, output: Path | str | None) -> None:
    """Render several tables as one text to stdout or a file, or each into a folder.

    Raises:
        UnknownNameError: There is no format ``fmt``.
        StoreError: The path cannot be written; an older file is untouched.
    """
    if output is None or not _is_folder(output):
        write_rendered(render_all(tables, fmt), "tables", fmt, output)
        return
    for table in tables:
        write_export(table, fmt, output)


def write_rendered(text: str, name: str, fmt: str, output: Path | str | None) -> None:
    """Write a rendered text as :func:`write_export` does; in a folder the file is called ``name``.

    Raises:
        StoreError: The path cannot be written; an older file is untouched.
    """
    if output is None:
        emit(text.rstrip("\n"))
        return
    path = _file(name, fmt, output)
    with naming(path, "--output, or leave it out for stdout"):
        write_text(path, text)


@contextmanager
def naming(path: Path, option: str) -> Iterator[None]:
    """Let an error on writing a file name the option that chooses its place.

    The store would advise another cache, which does not help here.

    Args:
        path: File that is written within.
        option: What stands behind «name another file or folder with».
    """
    try:
        yield
    except StoreError as error:
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else ""
        raise StoreError(
            f"cannot write {path}: {reason or error.message}",
            f"name another file or folder with {option}",
        ) from error


def _file(name: str, fmt: str, output: Path | str) -> Path:
    """Return the file to write; in a folder it is called ``name`` and ends as the format does."""
    return Path(output) / f"{name}{SUFFIXES[fmt]}" if _is_folder(output) else Path(output)


def _is_folder(output: Path | str) -> bool:
    path = Path(output)
    ends_open = str(output).endswith(("/", os.sep))
    return path.is_dir() or ends_open or not (path.suffix or path.exists())
