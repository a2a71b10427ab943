"""Every output format by name."""

from __future__ import annotations

from importlib import import_module
from typing import Literal, get_args

from benchmark.core.errors import UnknownNameError
from benchmark.render.table import Table

Format = Literal["terminal", "markdown", "latex", "csv", "json"]
FORMATS: tuple[str, ...] = get_args(Format)
#: Endings of the files ``export`` writes.
SUFFIXES = {
    "terminal": ".txt",
    "markdown": ".md",
    "latex": ".tex",
    "csv": ".csv",
    "json": ".json",
}


def render(table: Table, fmt: str) -> str:
    """Return a table in one of :data:`FORMATS`.

    Raises:
        UnknownNameError: There is no such format.
    """
    if fmt not in FORMATS:
        raise UnknownNameError("format", fmt, FORMATS)
    text: str = import_module(f"benchmark.render.{fmt}").render(table)
    return text
