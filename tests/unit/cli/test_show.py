"""``mmbench show`` prints every digit, the unit, the spread and the ledger, at any width."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from benchmark.cli.show import show_table
from benchmark.core.errors import UnknownNameError, UsageError
from benchmark.manifest.printed import load_printed
from benchmark.manifest.tables import all_tables

WIDE = ["m4oe/table7", "m4oe/table16", "flame/table6", "i2moe/table2", "moe_retriever/table1"]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", WIDE)
def test_lines_fit_and_no_digit_is_cut(
    name: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    show_table(name, as_json=False)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    words = re.sub(r"[\[\](),*†_]", " ", out).split()
    path = next(table.printed for table in all_tables() if table.id == name)
    assert path is not None
    table = load_printed(path)
    for row, column, cell in table.cells():
        for text in cell.texts():
            assert text in words, (row.key, column.key)
    assert "…" not in words


def test_unit_spread_and_ledger_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("t7", as_json=False)
    text = " ".join(capsys.readouterr().out.split())
    assert "Unit: fractions." in text
    assert "± is the standard deviation over 5 folds" in text
    assert "m4oe-4: Both tables have a mixture of experts" in text
    assert "(Also in table15.)" in text
    assert "Emphasis is the paper's" in text


def test_every_table_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    names = [table.id for table in all_tables() if table.printed]
    for name in names:
        show_table(name, as_json=False)
        assert capsys.readouterr().out.count("\n") > 5
    assert len(names) == 39


def test_lost_numbers_differ_from_what_does_not_apply(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("flame/table2", as_json=False)
    text = capsys.readouterr().out
    assert text.count("n/a") == 2
    assert text.count("?") >= 106


def test_json_is_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("table7", as_json=True)
    record = json.loads(capsys.readouterr().out)
    assert record["id"] == "m4oe/table7"
    assert record["rows"][0]["cells"]["risk_acc"]["spread"] == "0.033"


def test_ambiguous_name() -> None:
    with pytest.raises(UsageError, match="amc/table8, m4oe/table8"):
        show_table("table8", as_json=False)


def test_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match="m4oe/table7"):
        show_table("m4oe/tabel7", as_json=False)


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from benchmark.cli.show import show_table; show_table('table7', False); "
        "sys.exit(bool({'torch', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
