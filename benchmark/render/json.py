"""A table as JSON: unrounded numbers, counts, printed digits and every condition."""

from __future__ import annotations

import json

from benchmark.render.plain import plain_table
from benchmark.render.table import Table


def render(table: Table) -> str:
    """Return one JSON object that ends in a line break; ValueError on NaN and infinity."""
    return json.dumps(plain_table(table), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
