"""What every format writes in a cell and around the table; only the typography differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, TypeVar

from benchmark.render.table import (
    Cell,
    Column,
    Difference,
    Measured,
    Printed,
    Row,
    Table,
    Text,
    Verdict,
)

DASH = "–"
LOST = "?"
UNDEFINED = "n/a"
#: Whole numbers from here on are written in groups of three digits.
_GROUPED = 10_000

Emphasis = Literal["bold", "underline", ""]
_Keyed = TypeVar("_Keyed", Column, Row)


@dataclass(frozen=True)
class CellText:
    """The words of one cell.

    Attributes:
        mean: The number, a vector in parentheses, a dash, ``n/a`` or the text of the cell.
        spread: What stands behind ``±``; empty without one.
        remarks: Count of runs where some are missing (``4/5``), then letters of footnotes.
        emphasis: How ``mean`` stands out.
        quoted: A paper's number among measured ones; stands in brackets.
        number: Whether ``mean`` is one number, which lines up with others.
    """

    mean: str
    spread: str = ""
    remarks: tuple[str, ...] = ()
    emphasis: Emphasis = ""
    quoted: bool = False
    number: bool = False

    @property
    def tail(self) -> str:
        """Remarks as text: ``(4/5, a)``."""
        return f"({', '.join(self.remarks)})" if self.remarks else ""

    @property
    def plain(self) -> str:
        """The cell without emphasis: ``0.912 ± 0.013 (4/5, a)``."""
        core = f"{self.mean} ± {self.spread}" if self.spread else self.mean
        core = f"[{core}]" if self.quoted else core
        return f"{core} {self.tail}" if self.tail else core


@dataclass
class Wording:
    """Texts of a table: cells, lettered footnotes, and the lines around it."""

    table: Table
    letters: dict[str, str] = field(init=False)
    mixed: bool = field(init=False)

    def __post_init__(self) -> None:
        cells = list(self._cells())
        reasons = dict.fromkeys(one.reason for one in cells if isinstance(one, Measured))
        reasons.pop("", None)
        self.letters = {reason: letter(index) for index, reason in enumerate(reasons)}
        self.mixed = {Measured, Printed} <= {type(one) for one in cells}

    def cell(self, row: Row, column: Column) -> CellText:
        """Return the texts of a cell; a dash where the row has none."""
        found = row.cells.get(column.key)
        if isinstance(found, Measured):
            return self._measured(found)
        if isinstance(found, Printed):
            return self._printed(found)
        if isinstance(found, Difference):
            return CellText(difference_text(found))
        if isinstance(found, Verdict):
            return CellText(str(found), emphasis="bold" if found.word == "differs" else "")
        return CellText(found.text if isinstance(found, Text) else DASH)

    def caption(self, legend: str = "") -> list[str]:
        """Return the sentences beside the title; warnings come first.

        Args:
            legend: Signs this format uses for bold and underlined; said where a cell is either.
        """
        quoted = ["Numbers in brackets are the paper's."] if self.mixed else []
        shown = [legend] if legend and self._emphasised() else []
        return [*self.table.warnings, *self.table.caption, *shown, *quoted]

    def notes(self) -> list[tuple[str, str]]:
        """Return (letter or nothing, text) of every footnote; warnings come last, once more."""
        lost = any(isinstance(one, Printed) and _is_lost(one) for one in self._cells())
        return [
            *((mark, reason) for reason, mark in self.letters.items()),
            *(("", note) for note in self.table.notes),
            *([("", f"{LOST}: no number can be read there.")] if lost else []),
            *(("", warning) for warning in self.table.warnings),
        ]

    def note_lines(self) -> list[str]:
        """Return the footnotes as lines of text."""
        return [f"({mark}) {text}" if mark else text for mark, text in self.notes()]

    def _emphasised(self) -> bool:
        cells = (self.cell(row, one) for row in self.table.rows for one in self.table.columns)
        return any(cell.emphasis for cell in cells)

    def _measured(self, cell: Measured) -> CellText:
        remarks = []
        if not cell.complete and not cell.undefined and (cell.n or cell.reason):
            remarks.append(f"{cell.n}/{cell.planned}")
        if cell.reason:
            remarks.append(self.letters[cell.reason])
        if cell.mean is None:
            return CellText(UNDEFINED if cell.undefined else DASH, remarks=tuple(remarks))
        if cell.undefined:
            remarks.insert(0, f"{cell.n}/{cell.planned}")
        spread = "" if cell.std is None else fixed(cell.std, cell.digits)
        mean = fixed(cell.mean, cell.digits)
        if cell.low is not None and cell.high is not None:
            mean += f" ({fixed(cell.low, cell.digits)} to {fixed(cell.high, cell.digits)})"
        emphasis: Emphasis = _EMPHASIS[cell.mark]
        return CellText(mean, spread, tuple(remarks), emphasis, number=True)

    def _printed(self, cell: Printed) -> CellText:
        mean = f"({', '.join(cell.vector)})" if cell.vector else cell.mean_text or LOST
        emphasis: Emphasis = (
            "bold" if "bold" in cell.flags else "underline" if "underline" in cell.flags else ""
        )
        return CellText(mean, cell.spread_text, (), emphasis, self.mixed, bool(cell.mean_text))

    def _cells(self) -> Iterator[Cell]:
        for row in self.table.rows:
            for column in self.table.columns:
                if column.key in row.cells:
                    yield row.cells[column.key]


def fixed(value: float, digits: int) -> str:
    """Return a number with so many decimals; what rounds to zero has no sign."""
    text = f"{value:.{digits}f}"
    if digits == 0 and abs(value) >= _GROUPED:
        return f"{value:,.0f}"
    return text.removeprefix("-") if float(text) == 0 else text


def difference_text(cell: Difference) -> str:
    """Return ``+0.012 (-0.010 to +0.034)``; no parentheses without an interval."""
    value = _signed(cell.value, cell.digits)
    if cell.low is None or cell.high is None:
        return value
    return f"{value} ({_signed(cell.low, cell.digits)} to {_signed(cell.high, cell.digits)})"


def _signed(value: float, digits: int) -> str:
    text = fixed(value, digits)
    return text if text.startswith("-") or round(value, digits) == 0 else f"+{text}"


def letter(index: int) -> str:
    """Return the letters of a footnote: a to z for 0 to 25, then aa, ab and so on."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def runs_of_group(items: Sequence[_Keyed]) -> list[tuple[str, list[_Keyed]]]:
    """Return neighbours that share a group, in order."""
    return [(name, list(found)) for name, found in groupby(items, key=lambda one: one.group)]


_EMPHASIS: dict[str, Emphasis] = {"best": "bold", "second": "underline", "": ""}


def _is_lost(cell: Printed) -> bool:
    return not cell.vector and not cell.mean_text
