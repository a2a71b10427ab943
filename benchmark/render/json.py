"""A table as JSON: unrounded numbers, counts, printed digits and every condition."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmark.render.plain import plain_table
from benchmark.render.table import Table


def render(table: Table) -> str:
    """Return one JSON object that ends in a line break; ValueError on NaN and infinity."""
    return render_all([table])


def render_all(tables: Sequence[Table]) -> str:
    """Return one JSON document: the object of a single table, or a list of several."""
    plain = [plain_table(table) for table in tables]
    value = plain[0] if len(plain) == 1 else plain
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
