"""Read printed tables: find the file, check it as a whole, report every problem with its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from benchmark.core.errors import ManifestError
from benchmark.core.paths import shipped
from benchmark.manifest.printed_schema import (
    KEY,
    LIMIT,
    LedgerEntry,
    PrintedTable,
    number,
)
from benchmark.manifest.yaml_reader import Document, KeyPath, dotted, read_yaml

__all__ = ["PrintedTable", "find_printed", "load_printed"]

Problem = tuple[KeyPath, str]


def find_printed(table_id: str) -> Path | None:
    """Return the file of ``<paper>/<table>``; None if no printed numbers are shipped for it."""
    path = shipped("tables") / f"{table_id}.yaml"
    return path if path.is_file() else None


def load_printed(path: Path) -> PrintedTable:
    """Read and check one printed table.

    Args:
        path: A file under ``tables/<paper>/``.

    Raises:
        ManifestError: With every problem found, each with file, line and key path.
    """
    document = read_yaml(path)
    if not isinstance(document.value, dict):
        raise ManifestError(
            [f"{path}:1: a printed table is a mapping with 'id', 'columns', 'rows'"]
        )
    try:
        table = PrintedTable.parse(document.value)
    except ValidationError as error:
        raise ManifestError(_say(path, document, _pydantic_problems(error))) from None
    if problems := list(_problems(table, path)):
        raise ManifestError(_say(path, document, problems))
    return table


def _say(path: Path, document: Document, problems: Iterable[Problem]) -> list[str]:
    return [
        f"{path}:{document.line(where)}: {dotted(where) or 'table'}: {text}"
        for where, text in problems
    ]


def _pydantic_problems(error: ValidationError) -> Iterator[Problem]:
    for one in error.errors():
        text = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            text = "unknown key"
        elif one["type"] == "missing":
            text = "is missing"
        yield tuple(one["loc"]), text


def _problems(table: PrintedTable, path: Path) -> Iterator[Problem]:
    if table.id != f"{path.parent.name}/{path.stem}":
        yield (
            ("id",),
            f"{table.id!r} does not match the file's place {path.parent.name}/{path.stem}",
        )
    if table.paper != table.id.partition("/")[0]:
        yield ("paper",), f"{table.paper!r} is not the paper of the id {table.id!r}"
    yield from _keys("columns", [column.key for column in table.columns])
    yield from _keys("rows", [row.key for row in table.rows])
    yield from _row_problems(table)
    yield from _spread_problems(table)
    yield from _range_problems(table)
    for index, entry in enumerate(table.ledger):
        yield from _entry_problems(table, entry, ("ledger", index))


def _keys(part: str, keys: list[str]) -> Iterator[Problem]:
    times = Counter(keys)
    for index, key in enumerate(keys):
        if not KEY.fullmatch(key):
            yield (part, index, "key"), f"{key!r} must be lower-case words like 'single_task/mirai'"
        if times[key] > 1 and keys.index(key) != index:
            yield (part, index, "key"), f"{key!r} is already used by {part}.{keys.index(key)}"


def _row_problems(table: PrintedTable) -> Iterator[Problem]:
    columns = [column.key for column in table.columns]
    for index, row in enumerate(table.rows):
        where = ("rows", index, "cells")
        for key in row.cells:
            if key not in columns:
                yield (*where, key), f"no column is called {key!r}, known: {', '.join(columns)}"
        lacking = [key for key in columns if key not in row.cells]
        if lacking and not table.ragged:
            yield where, f"no cell for {', '.join(lacking)}; write null for a lost number"


def _spread_problems(table: PrintedTable) -> Iterator[Problem]:
    spread = [cell for _, _, cell in table.cells() if cell.spread is not None]
    lost = all(cell.value is None for _, _, cell in table.cells())
    if spread and table.spread.kind == "none":
        yield ("spread", "kind"), "is 'none', but cells have a ±"
    if not spread and not lost and table.spread.kind != "none":
        yield ("spread", "kind"), f"is {table.spread.kind!r}, but no cell has a ±"


def _range_problems(table: PrintedTable) -> Iterator[Problem]:
    places = {row.key: index for index, row in enumerate(table.rows)}
    for row, column, cell in table.cells():
        limit = LIMIT.get(table.unit_of(column.key))
        printed = [*cell.vector, *([cell.value] if cell.value is not None else [])]
        for text in printed:
            if limit is not None and not 0.0 <= number(text) <= limit:
                where = ("rows", places[row.key], "cells", column.key)
                yield where, f"{text} is outside 0 to {limit:g} ({table.unit_of(column.key)})"


def _entry_problems(table: PrintedTable, entry: LedgerEntry, where: KeyPath) -> Iterator[Problem]:
    if table.name not in entry.where:
        yield (*where, "where"), f"does not name this table, {table.name!r}"
    rows = {row.key for row in table.rows}
    columns = {column.key for column in table.columns}
    for part, named, known in (("rows", entry.rows, rows), ("columns", entry.columns, columns)):
        for key in named:
            if key not in known:
                yield (*where, part), f"there is no {part[:-1]} {key!r}"
