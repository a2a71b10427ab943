"""Every output format by name."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Return a table, with those that go with it, in one of :data:`FORMATS`.

    Raises:
        UnknownNameError: There is no such format.
    """
    return render_all([table], fmt)


def render_all(tables: Sequence[Table], fmt: str) -> str:
    """Return several tables as one text: a valid JSON document, CSV under one line of heads.

    In JSON a single table is an object, several are a list, and what goes with a table stands in
    it under ``further``; other formats have it behind the table.

    Raises:
        UnknownNameError: There is no such format.
    """
    if fmt not in FORMATS:
        raise UnknownNameError("format", fmt, FORMATS)
    module = import_module(f"benchmark.render.{fmt}")
    if fmt == "json":
        text: str = module.render_all(tables)
        return text
    texts: list[str] = [module.render(one) for table in tables for one in table.all()]
    if fmt == "csv":
        heads = texts[0].partition("\n")[0] + "\n" if texts else ""
        return heads + "".join(text.removeprefix(heads) for text in texts)
    return "\n".join(texts)
