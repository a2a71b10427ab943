"""A table as plain values for programs; JSON and CSV are two spellings of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from benchmark.render.table import (
    Cell,
    Column,
    Difference,
    Measured,
    Printed,
    Row,
    Table,
    Verdict,
)
from benchmark.render.wording import Wording

SCHEMA_VERSION = 1


def plain_table(table: Table) -> dict[str, Any]:
    """Return a table with its conditions, caption, notes, columns and rows.

    Every cell has ``kind`` (``measured``, ``printed``, ``difference``, ``verdict``, ``text`` or
    ``empty``), ``text`` as every format shows it, and the fields of its own type. ``further`` holds
    the tables that go with it, by name.
    """
    words = Wording(table)
    return {
        "schema_version": SCHEMA_VERSION,
        "id": table.id,
        "title": table.title,
        "facts": dict(table.facts),
        "warnings": list(table.warnings),
        "caption": list(table.caption),
        "notes": [{"mark": mark, "text": text} for mark, text in words.notes()],
        "stub": table.stub,
        "columns": [asdict(column) for column in table.columns],
        "rows": [
            {
                "key": row.key,
                "label": row.label,
                "group": row.group,
                "cells": {column.key: plain_cell(words, row, column) for column in table.columns},
            }
            for row in table.rows
        ],
        "further": {name: plain_table(one) for name, one in table.further.items()},
    }


def plain_cell(words: Wording, row: Row, column: Column) -> dict[str, Any]:
    """Return a cell's kind, text and fields."""
    cell = row.cells.get(column.key)
    return {"kind": _kind(cell), "text": words.cell(row, column).plain, **_fields(cell)}


def _kind(cell: Cell | None) -> str:
    return "empty" if cell is None else type(cell).__name__.lower()


def _fields(cell: Cell | None) -> dict[str, Any]:
    if isinstance(cell, Measured):
        return {**asdict(cell), "complete": cell.complete}
    if isinstance(cell, Printed):
        return {
            "mean": cell.mean,
            "spread": cell.spread,
            "printed_mean": cell.mean_text or None,
            "printed_spread": cell.spread_text or None,
            "vector": list(cell.vector),
            "flags": list(cell.flags),
            "note": cell.note,
        }
    if isinstance(cell, Difference):
        return {
            "difference": cell.value,
            "low": cell.low,
            "high": cell.high,
            "method": cell.method or None,
            "unit": cell.unit,
        }
    if isinstance(cell, Verdict):
        return {"verdict": cell.word, "reason": cell.reason}
    return {}
