"""A table as a GitHub pipe table; groups of rows are lines of their own."""

from __future__ import annotations

import re

from benchmark.render.table import Column, Table
from benchmark.render.wording import CellText, Wording, runs_of_group

_SPECIAL = re.compile(r"([\\`*_\[\]|~])")
#: What begins a heading, a list or a quotation at the start of a line.
_OPENING = re.compile(r"^(\s*)(#{1,6}(?=\s)|[-+](?=\s)|\d+(?=[.)]\s))")


def render(table: Table) -> str:
    """Return a table with its title above and caption and notes below; ends in a line break."""
    words = Wording(table)
    parts = [
        f"**{escape(f'{table.id}: {table.title}')}**",
        "\n".join(_lines(table, words)),
        escape_line(" ".join(words.caption())),
        "\n".join(f"- {escape_line(line)}" for line in words.note_lines()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    one_line = " ".join(text.split())
    html = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", html)


def escape_line(text: str) -> str:
    """Return text that also begins no heading or list where it starts a line."""
    return _OPENING.sub(_shielded, escape(text))


def _shielded(found: re.Match[str]) -> str:
    blank, sign = found.groups()
    return f"{blank}{sign}\\" if sign.isdecimal() else f"{blank}\\{sign}"


def _lines(table: Table, words: Wording) -> list[str]:
    heads = [escape(table.stub), *(_head(column) for column in table.columns)]
    lines = [_line(heads), _line([":--", *["--:"] * len(table.columns)])]
    for group, rows in runs_of_group(table.rows):
        if group:
            lines.append(_line([f"**{escape(group)}**", *[""] * len(table.columns)]))
        for row in rows:
            cells = [_cell(words.cell(row, column)) for column in table.columns]
            lines.append(_line([escape(row.label), *cells]))
    return lines


def _head(column: Column) -> str:
    """Write the group above the label: pipe tables have a single line of heads."""
    parts = [escape(part) for part in (column.group, column.label) if part]
    return "<br>".join(parts)


def _cell(text: CellText) -> str:
    mean = escape(text.mean)
    if text.emphasis == "bold":
        mean = f"**{mean}**"
    elif text.emphasis == "underline":
        mean = f"<u>{mean}</u>"
    core = f"{mean} ± {escape(text.spread)}" if text.spread else mean
    core = f"\\[{core}\\]" if text.quoted else core
    return f"{core} {escape(text.tail)}" if text.tail else core


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
