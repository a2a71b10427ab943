"""Official tables, read as text and checked: what is wrong is named by file, column and row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import DataError

#: The header is line 1 of a table.
FIRST_LINE = 2


def read_text_table(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    """Return these columns of a CSV as text, empty where nothing is given.

    Raises:
        DataError: The file is missing or no table, or lacks a column.
    """
    if not path.is_file():
        raise DataError(f"{path} is not there", "complete the release, or point --data at it")
    try:
        columns = list(pd.read_csv(path, nrows=0).columns)
        if lacking := [name for name in needed if name not in columns]:
            raise DataError(
                f"{path} has no column {lacking[0]!r}", f"it has: {', '.join(map(str, columns))}"
            )
        table = pd.read_csv(path, usecols=list(needed), dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}", "fetch it again") from error
    return pd.DataFrame({name: table[name].str.strip() for name in needed})


def check_words(
    path: Path, table: pd.DataFrame, column: str, known: Collection[str], patient: str
) -> None:
    """Check that a column holds known words only; empty is a word like any other.

    Args:
        path: Named in the error.
        table: As read, in the order of the file.
        column: The column.
        known: Its vocabulary.
        patient: Column that names the patient.

    Raises:
        DataError: Another word; names file, column, line and patient.
    """
    strange = ~table[column].isin(list(known))
    if strange.any():
        first = int(np.flatnonzero(strange)[0])
        row = table.iloc[first]
        shown = ", ".join(repr(one) for one in sorted(known) if one)
        raise DataError(
            f"{path}: column {column!r} holds {row[column]!r} in line {first + FIRST_LINE} "
            f"(patient {row[patient]!r}; {int(strange.sum())} such rows); it may hold {shown}",
            "compare the file with the official release",
        )


def numbers(path: Path, table: pd.DataFrame, column: str, patient: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where empty.

    Raises:
        DataError: Something that is no number; names file, column, line and patient.
    """
    values = pd.to_numeric(table[column], errors="coerce")
    strange = values.isna() & (table[column] != "")
    if strange.any():
        check_words(path, table, column, set(table[column][~strange]), patient)
    return values.to_numpy(dtype=np.float64)


def dates(path: Path, table: pd.DataFrame, column: str, patient: str) -> NDArray[np.datetime64]:
    """Return a column of ``YYYY-MM-DD``, perhaps followed by a time, as days; NaT where empty.

    Raises:
        DataError: Something that is no date; names file, column, line and patient.
    """
    text = table[column].str.slice(0, 10)
    values = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    strange = values.isna() & (text != "")
    if strange.any():
        check_words(path, table, column, set(table[column][~strange]), patient)
    return values.to_numpy(dtype="datetime64[D]")


def count_rows(path: Path) -> int:
    """Return the lines of a CSV below its header, from the memory of this process if it can."""
    stat = path.stat()
    return _count_rows(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _count_rows(path: Path, size: int, changed: int) -> int:
    lines, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(2**22):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines - 1 + (last != b"\n")
