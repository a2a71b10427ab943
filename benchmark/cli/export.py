"""Where a rendered table goes: stdout, a file, or a folder."""

from __future__ import annotations

from pathlib import Path

from benchmark.cli._console import emit
from benchmark.render.formats import SUFFIXES, render
from benchmark.render.table import Table
from benchmark.store.atomic import make_folder, write_text


def write_export(table: Table, fmt: str, output: Path | None) -> None:
    """Render a table to stdout, to ``output``, or into the folder ``output``.

    A folder is one that exists, or a path without an extension; its file is called
    ``<paper>-<table>.<extension>``.

    Raises:
        StoreError: The path cannot be written.
    """
    text = render(table, fmt)
    if output is None:
        emit(text.rstrip("\n"))
        return
    path = output
    if output.is_dir() or not output.suffix:
        path = output / f"{table.id.replace('/', '-')}{SUFFIXES[fmt]}"
    make_folder(path.parent)
    write_text(path, text)
