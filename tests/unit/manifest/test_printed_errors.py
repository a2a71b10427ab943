"""Every message a broken table file can give."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core.errors import ManifestError
from benchmark.manifest.printed import load_printed
from benchmark.manifest.printed_schema import number

GOOD = """\
schema_version: 1
id: m4oe/table99
paper: m4oe
title: A table
where: Table 99
unit: fraction
spread: {kind: std, ddof: 1, n: 5, over: folds}
columns:
  - {key: acc, label: ACC, metric: acc, definition: acc, higher_is_better: true}
  - {key: share, label: Share, metric: modality_share, definition: unknown, higher_is_better: null}
rows:
  - key: ours
    label: Ours
    cells: {acc: 0.840 ± 0.033, share: ["0.537", "0.463"]}
  - key: theirs
    label: Theirs
    cells: {acc: {value: "0.90", flags: [bold], note: blurred}, share: null}
ledger:
  - {id: m4oe-99, where: [table99], rows: [ours], text: It does not fit.}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "m4oe"
    folder.mkdir()
    return folder / "table99.yaml"


def complaint(file: Path, old: str, new: str) -> str:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        load_printed(file)
    return str(caught.value)


def test_the_good_file_is_read(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    table = load_printed(file)
    first, second = table.cell("ours", "acc"), table.cell("theirs", "acc")
    assert first is not None
    assert second is not None
    assert (first.value, first.spread, first.mean, first.spread_value) == (
        "0.840",
        "0.033",
        0.84,
        0.033,
    )
    assert (second.value, second.flags, second.note) == ("0.90", ("bold",), "blurred")
    vector, lost = table.cell("ours", "share"), table.cell("theirs", "share")
    assert vector is not None
    assert lost is not None
    assert vector.vector == ("0.537", "0.463")
    assert lost.is_null
    assert table.unit_of("acc") == "fraction"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("unit: fraction", "unit: fractions", "unit: Input should be 'fraction', 'percent'"),
        ("title: A table", "titel: A table", "table99.yaml:4: titel: unknown key"),
        ("title: A table", "titel: A table", "title: is missing"),
        (
            "id: m4oe/table99",
            "id: m4oe/table9",
            "yaml:2: id: 'm4oe/table9' does not match",
        ),
        ("paper: m4oe", "paper: amc", "'amc' is not the paper of the id 'm4oe/table99'"),
        ("paper: m4oe", "paper: resnet", "paper: Input should be 'm4oe', 'amc'"),
        ("schema_version: 1", "schema_version: 2", "schema_version: Input should be 1"),
        ("metric: acc, def", "metric: accuracy, def", "unknown metric 'accuracy', known: acc, "),
        (
            "definition: acc",
            "definition: f1_macro",
            "definition 'f1_macro' is neither the metric 'acc' nor 'unknown'",
        ),
        ("key: share", "key: acc", "columns.1.key: 'acc' is already used by columns.0"),
        ("key: theirs", "key: The Irs", "rows.1.key: 'The Irs' must be lower-case words"),
        ("{acc: 0.840 ± 0.033,", "{auc: 0.840 ± 0.033,", "no column is called 'auc', known: acc"),
        (
            "acc: 0.840 ± 0.033, ",
            "",
            "table99.yaml:14: rows.0.cells: no cell for acc; write null for a lost number",
        ),
        ("0.840 ± 0.033", "0.840", "0.84 must be quoted text, so that the printed digits stay"),
        ("0.840 ± 0.033", "0.840 +- 0.033", "'0.840 +- 0.033' is not a number as papers print it"),
        ("0.840 ± 0.033", "0.840 ±0.033", "'0.840 ±0.033' is not a number as papers print it"),
        ("0.840 ± 0.033", "84.0 ± 3.3", "rows.0.cells.acc: 84.0 is outside 0 to 1 (fraction)"),
        ('"0.463"', '"4.63"', "rows.0.cells.share: 4.63 is outside 0 to 1 (fraction)"),
        ('"0.463"', "0.463", "must be quoted text"),
        ("note: blurred", "remark: blurred", "unknown key 'remark' in a cell, known: ['delta'"),
        ("flags: [bold]", "flags: [italic]", "Input should be 'bold' or 'underline'"),
        ("note: blurred", 'delta: "0.1"', "delta '0.1' needs its sign"),
        ("kind: std, ddof: 1", "kind: none", "spread.kind: is 'none', but cells have a ±"),
        ("0.840 ± 0.033", '"0.840"', "spread.kind: is 'std', but no cell has a ±"),
        ("ddof: 1", "ddof: 2", "spread.ddof: Input should be 0 or 1"),
        ("where: [table99]", "where: [table7]", "does not name this table, 'table99'"),
        ("rows: [ours]", "rows: [others]", "ledger.0.rows: there is no row 'others'"),
        ("rows: [ours]", "columns: [f1]", "ledger.0.columns: there is no column 'f1'"),
        ("label: Ours", "label: 7", "rows.0.label: Input should be a valid string"),
    ],
)
def test_message(file: Path, old: str, new: str, message: str) -> None:
    assert message in complaint(file, old, new)


def test_all_problems_at_once(file: Path) -> None:
    text = complaint(file, "unit: fraction\nspread:", "unit: m\nSpread:")
    assert len(text.splitlines()) == 3
    assert all(f"{file}:" in line for line in text.splitlines())


def test_ragged_tables_may_lack_cells(file: Path) -> None:
    text = GOOD.replace("unit:", "ragged: true\nunit:").replace("acc: 0.840 ± 0.033, ", "")
    file.write_text(text.replace("kind: std", "kind: none"), encoding="utf-8")
    assert load_printed(file).cell("ours", "acc") is None


def test_not_a_mapping(file: Path) -> None:
    file.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="a printed table is a mapping"):
        load_printed(file)


def test_not_applicable_is_not_null(file: Path) -> None:
    file.write_text(GOOD.replace("share: null", "share: not_applicable"), encoding="utf-8")
    cell = load_printed(file).cell("theirs", "share")
    assert cell is not None
    assert not cell.applicable
    assert not cell.is_null


@pytest.mark.parametrize(
    ("text", "value"),
    [("3.2B", 3.2e9), ("120.4M", 120.4e6), ("-11.82", -11.82), ("+0.00", 0.0), ("72", 72.0)],
)
def test_number(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["", ".5", "1e-3", "1,072", "nan", "0.5 ", "12%"])
def test_not_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number as papers print it"):
        number(text)
