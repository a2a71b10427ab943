"""A table on the terminal; one that is too wide is split into blocks of columns, never cut."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Rich

from benchmark.render.table import Column, Row, Table
from benchmark.render.wording import CellText, Wording, runs_of_group

if TYPE_CHECKING:
    from rich.console import RenderableType

_GAP = "  "
_RULE = "─"
_WIDEST_TEXT = 100
_STYLES = {"bold": "bold", "underline": "underline", "": ""}
#: Without bold and underline a sign behind the number says the same.
_SIGNS = {"bold": "*", "underline": "†", "": ""}


def render(table: Table, width: int | None = None, color: bool | None = None) -> str:
    """Return a table as text that ends in a line break.

    Args:
        table: What to show.
        width: Columns of the screen; None asks the terminal, and does not limit a pipe or file.
        color: Whether to use bold and underline (and their escape codes); None uses them on a
            terminal, unless ``NO_COLOR`` is set or ``TERM`` is ``dumb``. Without them ``*`` marks
            best and ``†`` second.
    """
    styled = _styles_wanted() if color is None else color
    limit = _screen() if width is None else width
    # Lines are laid out here, so rich must neither wrap nor crop them.
    console = Console(
        file=StringIO(),
        width=max((limit or 0), 10_000),
        force_terminal=styled,
        color_system="standard" if styled else None,
        no_color=not styled,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        for line in _Layout(table, limit, styled).lines():
            console.print(line, soft_wrap=True)
    return capture.get()


def print_table(table: Table, console: Console) -> None:
    """Print a table to a rich console, as wide as that console."""
    styled = console.is_terminal and not console.no_color
    width = console.width if console.is_terminal else None
    for line in _Layout(table, width, styled).lines():
        console.print(line, soft_wrap=True, highlight=False)


@dataclass(frozen=True)
class _Block:
    """Columns that fit beside the row labels, with the widths of the parts of their cells."""

    columns: list[Column]
    widths: list[int]


class _Layout:
    """Lays a table out as lines."""

    def __init__(self, table: Table, limit: int | None, styled: bool) -> None:
        self.table, self.limit, self.styled = table, limit, styled
        self.words = Wording(table)
        self.grouped = any(row.group for row in table.rows)
        labels = [("  " if self.grouped else "") + row.label for row in table.rows]
        self.stub = max(map(cell_len, [table.stub, *labels]), default=0)
        self.cells = {
            column.key: _column_cells(
                [self.words.cell(row, column) for row in table.rows], self.styled
            )
            for column in table.columns
        }

    def lines(self) -> Iterator[RenderableType]:
        title = f"{self.table.id}: {self.table.title}"
        yield from (Rich(str(line), style="bold") for line in self.wrapped([title]))
        blocks = self.blocks()
        for number, block in enumerate(blocks, start=1):
            if len(blocks) > 1:
                yield Rich()
                yield Rich(f"Columns, part {number} of {len(blocks)}", style="italic")
            yield from self.block_lines(block)
        legend = "" if self.styled else "* stands for bold, † for underlined."
        yield from self.wrapped(self.words.caption(legend))
        yield from self.wrapped(self.words.note_lines(), hang="  ")

    def blocks(self) -> list[_Block]:
        """Fill blocks with columns from the left; a column that is too wide alone stays whole.

        A group of columns that would be torn apart begins a block of its own if it is not the
        first of its block.
        """
        blocks: list[list[Column]] = [[]]
        for column in self.table.columns:
            while self.too_wide([*blocks[-1], column]):
                last = blocks.pop()
                start = _group_start(last, column.group)
                blocks += [last[:start], last[start:]]
            blocks[-1].append(column)
        return [self.sized(columns) for columns in blocks]

    def too_wide(self, columns: list[Column]) -> bool:
        """Tell whether several columns are wider than the screen."""
        if self.limit is None or len(columns) < 2:
            return False
        return self.total(self.sized(columns)) > self.limit

    def sized(self, columns: list[Column]) -> _Block:
        """Give each column its width: that of its cells, its head, and its share of the group."""
        widths = [
            max([cell_len(one.label), *(cell.cell_len for cell in self.cells[one.key])])
            for one in columns
        ]
        start = 0
        for name, members in runs_of_group(columns):
            span = widths[start : start + len(members)]
            lacking = cell_len(name) - sum(span) - len(_GAP) * (len(span) - 1)
            if lacking > 0:
                widths[start + len(members) - 1] += lacking
            start += len(members)
        return _Block(columns, widths)

    def total(self, block: _Block) -> int:
        return self.stub + sum(len(_GAP) + width for width in block.widths)

    def block_lines(self, block: _Block) -> Iterator[RenderableType]:
        rule = Rich(_RULE * self.total(block), style="dim" if self.styled else "")
        yield rule
        if any(column.group for column in block.columns):
            yield from self.group_lines(block)
        heads = [Rich(column.label, style="bold") for column in block.columns]
        yield self.line(Rich(self.table.stub, style="bold"), heads, block)
        yield rule
        for group, rows in runs_of_group(self.table.rows):
            if group:
                yield Rich(group, style="bold")
            for row in rows:
                yield self.row_line(row, block)
        yield rule

    def group_lines(self, block: _Block) -> Iterator[RenderableType]:
        """Write each group's name over its columns, with a line of that width under it."""
        names, lines = Rich(" " * self.stub), Rich(" " * self.stub)
        start = 0
        for name, members in runs_of_group(block.columns):
            span = block.widths[start : start + len(members)]
            width = sum(span) + len(_GAP) * (len(span) - 1)
            names.append(_GAP).append(name.ljust(width + len(name) - cell_len(name)), style="bold")
            lines.append(_GAP).append((_RULE if name else " ") * width)
            start += len(members)
        yield _stripped(names)
        yield _stripped(lines)

    def row_line(self, row: Row, block: _Block) -> Rich:
        at = self.table.rows.index(row)
        label = Rich(("  " if self.grouped else "") + row.label)
        return self.line(label, [self.cells[one.key][at] for one in block.columns], block)

    def line(self, label: Rich, cells: Sequence[Rich], block: _Block) -> Rich:
        line = _padded(label, self.stub)
        for cell, width in zip(cells, block.widths, strict=True):
            line = line + _GAP + _padded(cell, width)
        return _stripped(line)

    def wrapped(self, texts: Iterable[str], hang: str = "") -> Iterator[RenderableType]:
        """Wrap sentences to the screen, but not wider than reads well; words are never cut."""
        width = min(self.limit or _WIDEST_TEXT, _WIDEST_TEXT)
        for text in texts:
            yield from _wrap(text, width, hang)


def _group_start(columns: Sequence[Column], group: str) -> int:
    """Return where the last columns that share ``group`` begin; the end if they begin at 0."""
    start = len(columns)
    while group and start and columns[start - 1].group == group:
        start -= 1
    return start or len(columns)


def _column_cells(texts: list[CellText], styled: bool) -> list[Rich]:
    """Align a column: means end together, ``±`` stands in one place, remarks begin together."""
    means = [Rich("[" if text.quoted else "") + _mean(text, styled) for text in texts]
    signs = ["" if styled else _SIGNS[text.emphasis] for text in texts]
    spreads = [_spread(text) for text in texts]
    left = max(
        (one.cell_len for one, text in zip(means, texts, strict=True) if text.number), default=0
    )
    middle = max(map(len, signs), default=0)
    right = max(map(cell_len, spreads), default=0)
    lines = []
    for text, mean, sign, spread in zip(texts, means, signs, spreads, strict=True):
        gap = middle if text.number else 0
        line = Rich(" " * max(left - mean.cell_len, 0)) + mean + sign.ljust(gap) + spread
        if text.tail:
            line = (_padded(line, left + middle + right) if text.number else line) + f" {text.tail}"
        lines.append(_stripped(line))
    return lines


def _mean(text: CellText, styled: bool) -> Rich:
    return Rich(text.mean, style=_STYLES[text.emphasis] if styled else "")


def _spread(text: CellText) -> str:
    spread = f" ± {text.spread}" if text.spread else ""
    return spread + ("]" if text.quoted else "")


def _padded(text: Rich, width: int) -> Rich:
    return text + " " * max(width - text.cell_len, 0)


def _stripped(text: Rich) -> Rich:
    text.rstrip()
    return text


def _wrap(text: str, width: int, hang: str) -> Iterator[Rich]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else line + word
        if cell_len(longer) > width and line.strip():
            yield Rich(line)
            line = hang + word
        else:
            line = longer
    if line.strip():
        yield Rich(line)


def _styles_wanted() -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def _screen() -> int | None:
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return None
