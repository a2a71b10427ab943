"""``mmbench show``: the numbers a paper prints, and what does not fit in them."""

from __future__ import annotations

import shutil
import textwrap

from benchmark.cli._console import emit, emit_json
from benchmark.core.errors import UsageError
from benchmark.manifest.printed import PrintedTable, load_printed
from benchmark.manifest.printed_schema import LedgerEntry
from benchmark.manifest.tables import resolve_table

_WIDEST = 100


def show_table(name: str, as_json: bool) -> None:
    """Print a paper's table with its unit, kind of spread, notes and ledger.

    Args:
        name: Table id or bare name, e.g. ``m4oe/table7``, ``table7``, ``t7``.
        as_json: Print the record instead of a table.

    Raises:
        UsageError: No table is called so, several are, or it is not from a paper.
        ManifestError: The file of the table does not hold.
    """
    entry = resolve_table(name)
    if entry.printed is None:
        raise UsageError(
            f"no printed numbers are shipped for {entry.id}",
            f"'mmbench run {entry.id}' measures it, 'mmbench report {entry.id}' shows the result",
        )
    table = load_printed(entry.printed)
    if as_json:
        emit_json(table.model_dump(mode="json"))
    else:
        _print(table)


def _print(table: PrintedTable) -> None:
    from benchmark.render.printed import to_table
    from benchmark.render.terminal import render

    emit(render(to_table(table)).rstrip())
    if table.ledger:
        emit("\nLedger: what does not fit")
    for entry in table.ledger:
        emit(_wrapped(f"{entry.id}: {entry.text}{_also_in(entry, table.name)}"))


def _also_in(entry: LedgerEntry, name: str) -> str:
    others = [other for other in entry.where if other != name]
    return f" (Also in {', '.join(others)}.)" if others else ""


def _wrapped(text: str) -> str:
    """Wrap to the terminal, but not wider than reads well."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return textwrap.fill(
        text, width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
    )
