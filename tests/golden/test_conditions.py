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


def test_every_printed_number_is_in_every_format() -> None:
    paths = [entry.printed for entry in all_tables() if entry.printed]
    assert len(paths) > 30
    for path in paths:
        printed = load_printed(path)
        texts = {fmt: render(to_table(printed), fmt) for fmt in FORMATS}
        for _, _, cell in printed.cells():
            for digits in cell.texts():
                lacking = [fmt for fmt, text in texts.items() if digits not in text]
                assert not lacking, (printed.id, digits, lacking)
