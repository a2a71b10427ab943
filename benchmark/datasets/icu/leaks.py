"""Columns that carry an outcome: no input is ever read from them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from benchmark.core.errors import DataError

#: Names of columns, lower case. ``label`` is the remaining stay in the hourly export of eICU.
OUTCOMES = re.compile(
    r"diedinhospital|actual\w*|\w*discharge\w*|unabridged\w*|var03hspxlos|hospital_expire_flag|"
    r"deathtime|dod|dischtime|outtime|los|label"
)


def refuse_outcomes(table: str, columns: Iterable[str]) -> None:
    """Check the columns that inputs are read from.

    Raises:
        DataError: One of them tells the outcome.
    """
    for column in columns:
        if OUTCOMES.fullmatch(column.lower()):
            raise DataError(
                f"column {column!r} of {table} tells the outcome and is no input",
                "leave it out of the inputs",
            )
