"""The words every format shares: counts, footnotes, marks, and what a missing number looks like."""

from __future__ import annotations

import pytest

from benchmark.render.table import Cell, Column, Measured, Printed, Row, Table, Text
from benchmark.render.wording import Wording, fixed, letter, runs_of_group

COLUMNS = tuple(Column(name, name.upper()) for name in "abcdef")


def table(*cells: Cell, **rest: object) -> Table:
    row = Row("row", "Row", dict(zip("abcdef", cells, strict=False)))
    return Table("suite/x", "X", COLUMNS[: len(cells)], (row,), **rest)  # type: ignore[arg-type]


def plain(*cells: Cell) -> list[str]:
    made = table(*cells)
    words = Wording(made)
    return [words.cell(made.rows[0], column).plain for column in made.columns]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Measured(0.91249, 0.01251, 5, 5), "0.912 ± 0.013"),
        (Measured(0.9, None, 1, 1), "0.900"),
        (Measured(0.9, 0.1, 4, 5), "0.900 ± 0.100 (4/5)"),
        (Measured(0.9, 0.1, 4, 5, reason="oom"), "0.900 ± 0.100 (4/5, a)"),
        (Measured(0.9, 0.1, 3, 5, reason="one class", undefined=2), "0.900 ± 0.100 (3/5, a)"),
        (Measured(None, None, 0, 5), "–"),
        (Measured(None, None, 0, 5, reason="oom"), "– (0/5, a)"),
        (Measured(None, None, 0, 5, reason="one class", undefined=5), "n/a (a)"),
        (Measured(12.345, 0.5, 5, 5, digits=1), "12.3 ± 0.5"),
        (Printed(0.84, 0.03, "0.840", "0.030"), "0.840 ± 0.030"),
        (Printed(84.0, None, "84.0"), "84.0"),
        (Printed(None, vector=("0.537", "0.463")), "(0.537, 0.463)"),
        (Printed(None), "?"),
        (Text("n/a"), "n/a"),
    ],
)
def test_a_cell_in_words(cell: Cell, text: str) -> None:
    assert plain(cell) == [text]


def test_a_row_without_the_cell_has_a_dash() -> None:
    made = table(Text("x"))
    row = Row("other", "Other", {})
    assert Wording(made).cell(row, COLUMNS[0]).plain == "–"


def test_printed_numbers_stand_in_brackets_only_beside_measured_ones() -> None:
    printed = Printed(0.5, 0.1, "0.50", "0.10")
    assert plain(printed, Text("x")) == ["0.50 ± 0.10", "x"]
    assert plain(printed, Measured(0.5, 0.1, 5, 5)) == ["[0.50 ± 0.10]", "0.500 ± 0.100"]
    mixed = Wording(table(printed, Measured(0.5, 0.1, 5, 5)))
    assert "Numbers in brackets are the paper's." in mixed.caption()


def test_one_letter_per_reason_in_reading_order() -> None:
    cells = [Measured(0.1, None, 1, 2, reason=reason) for reason in ("b", "a", "b", "c")]
    assert plain(*cells) == ["0.100 (1/2, a)", "0.100 (1/2, b)", "0.100 (1/2, a)", "0.100 (1/2, c)"]
    assert Wording(table(*cells)).note_lines() == ["(a) b", "(b) a", "(c) c"]


def test_marks_and_flags_become_emphasis() -> None:
    made = table(
        Measured(0.1, None, 1, 1, mark="best"),
        Measured(0.1, None, 1, 1, mark="second"),
        Printed(0.1, mean_text="0.1", flags=("bold",)),
        Printed(0.1, mean_text="0.1", flags=("underline",)),
        Text("x"),
    )
    words = Wording(made)
    found = [words.cell(made.rows[0], column).emphasis for column in made.columns]
    assert found == ["bold", "underline", "bold", "underline", ""]
    assert "legend" in words.caption("legend")
    assert "legend" not in Wording(table(Text("x"))).caption("legend")


def test_warnings_come_first_in_the_caption_and_last_in_the_notes() -> None:
    words = Wording(table(Text("x"), warnings=("W",), caption=("C",), notes=("N",)))
    assert words.caption() == ["W", "C"]
    assert words.note_lines() == ["N", "W"]


def test_a_lost_number_is_explained() -> None:
    assert Wording(table(Printed(None))).note_lines() == ["?: no number can be read there."]


@pytest.mark.parametrize(
    ("value", "text"), [(-0.0001, "0.000"), (-0.0006, "-0.001"), (1.0, "1.000"), (0.0005, "0.001")]
)
def test_fixed(value: float, text: str) -> None:
    assert fixed(value, 3) == text


def test_letters() -> None:
    assert [letter(index) for index in (0, 25, 26, 51, 52, 701, 702)] == [
        "a", "z", "aa", "az", "ba", "zz", "aaa",
    ]  # fmt: skip


def test_groups_are_of_neighbours() -> None:
    columns = [
        Column("1", "", "x"),
        Column("2", "", "x"),
        Column("3", "", ""),
        Column("4", "", "x"),
    ]
    found = [(name, [one.key for one in members]) for name, members in runs_of_group(columns)]
    assert found == [("x", ["1", "2"]), ("", ["3"]), ("x", ["4"])]
