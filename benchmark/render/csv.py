"""A table as CSV: one line per cell, each with the conditions its number holds under."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

from benchmark.render.plain import plain_cell
from benchmark.render.table import Column, Row, Table
from benchmark.render.wording import Wording

#: Conditions of the whole table that every line repeats.
FACTS = ("variant", "profile", "part", "std_over")
HEADS = (
    "table",
    "row_group",
    "row",
    "row_label",
    "column_group",
    "column",
    "column_label",
    "higher_is_better",
    "kind",
    "mean",
    "std",
    "n",
    "planned",
    "complete",
    "units",
    "undefined",
    "mark",
    "reason",
    "printed_mean",
    "printed_spread",
    "difference",
    "low",
    "high",
    "method",
    "unit",
    "verdict",
    "vector",
    "flags",
    "note",
    "text",
    "source",
    *FACTS,
    "caption",
    "warnings",
    "notes",
)


def render(table: Table) -> str:
    """Return the cells line by line under one line of heads.

    Numbers are not rounded; an empty field has no value. Lists are joined by blanks (``vector``,
    ``flags``) or ``; `` (``warnings``, ``notes``).
    """
    out = StringIO()
    writer = csv.DictWriter(out, HEADS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    words = Wording(table)
    whole = _whole(table, words)
    for row in table.rows:
        for column in table.columns:
            line = {**_place(row, column), **plain_cell(words, row, column), **whole}
            writer.writerow({key: _field(value) for key, value in line.items()})
    return out.getvalue()


def _whole(table: Table, words: Wording) -> dict[str, Any]:
    return {
        "table": table.id,
        **{name: table.facts.get(name, "") for name in FACTS},
        "caption": " ".join([f"{table.title}.", *words.caption()]),
        "warnings": "; ".join(table.warnings),
        "notes": "; ".join(words.note_lines()),
    }


def _place(row: Row, column: Column) -> dict[str, Any]:
    return {
        "row_group": row.group,
        "row": row.key,
        "row_label": row.label,
        "column_group": column.group,
        "column": column.key,
        "column_label": column.label,
        "higher_is_better": column.higher_is_better,
        "source": column.source,
    }


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value)
    return str(value)
