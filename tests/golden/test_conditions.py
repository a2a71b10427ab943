"""What no format may leave out: warnings, twice, and every printed digit."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from benchmark.manifest.printed import load_printed
from benchmark.manifest.tables import all_tables
from benchmark.render.formats import FORMATS, render
from benchmark.render.printed import to_table
from benchmark.render.table import Table

WARNING = "embed: SYNTHETIC data; not comparable with printed numbers."


@pytest.mark.parametrize("fmt", ["terminal", "markdown", "latex"])
def test_warnings_stand_in_caption_and_footer(fmt: str, table: Table) -> None:
    text = re.sub(r"\s+", " ", render(table, fmt))
    assert text.count(WARNING) == 2


def test_warnings_stand_in_files_for_programs(table: Table) -> None:
    record = json.loads(render(table, "json"))
    assert record["warnings"] == [WARNING]
    assert {"mark": "", "text": WARNING} in record["notes"]
    lines = list(csv.DictReader(io.StringIO(render(table, "csv"))))
    assert len(lines) == 4 * 6
    assert {line["warnings"] for line in lines} == {WARNING}
    assert {line["profile"] for line in lines} == {"demo"}
    assert [line["source"] for line in lines[:3]] == ["real", "real", "synthetic"]


def printed(name: str) -> Table:
    path = {entry.id: entry.printed for entry in all_tables()}[name]
    assert path is not None
    return to_table(load_printed(path))


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_printed_number_is_in_every_format(fmt: str) -> None:
    for entry in all_tables():
        if entry.printed is None:
            continue
        text = render(printed(entry.id), fmt)
        for row in load_printed(entry.printed).rows:
            for cell in row.cells.values():
                assert all(digits in text for digits in cell.texts()), (entry.id, row.key)
