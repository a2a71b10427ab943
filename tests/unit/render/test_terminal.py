"""The terminal: nothing is cut, nothing is wider than the screen, styles only where welcome."""

from __future__ import annotations

import sys
from io import StringIO

import pytest
from rich.console import Console

from benchmark.render.table import Column, Measured, Row, Table
from benchmark.render.terminal import print_table, render


def table(columns: int = 6, group: int = 2) -> Table:
    heads = tuple(
        Column(f"c{index}", f"Metric {index}", f"Group {index // group}", True)
        for index in range(columns)
    )
    rows = tuple(
        Row(
            name,
            f"Method {name}",
            {
                head.key: Measured(index / 10, 0.01, 5, 5, mark="best" if name == "b" else "")
                for index, head in enumerate(heads)
            },
            "Controls" if name == "a" else "Models",
        )
        for name in "ab"
    )
    return Table("suite/x", "A title", heads, rows, ("A caption of several words.",), ("A note.",))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_screen_and_no_number_is_lost(width: int) -> None:
    text = render(table(), width, color=False)
    assert max(map(len, text.splitlines())) <= width
    for index in range(6):
        assert text.count(f"Metric {index}") == 1
        assert text.count(f"0.{index}00") == 2


def test_every_block_repeats_the_labels() -> None:
    text = render(table(), 50, color=False)
    blocks = text.count("Columns, part")
    assert blocks == 3
    assert text.count("Method a") == text.count("Controls") == blocks


def test_groups_of_columns_stay_together_where_they_fit() -> None:
    # 60 characters hold three columns, but then the second group would be torn apart.
    text = render(table(), 60, color=False)
    heads = [line.split() for line in text.splitlines() if line.startswith("Method  ")]
    assert [len(head) // 2 for head in heads] == [2, 2, 2]


def test_a_group_wider_than_the_screen_is_cut_between_columns() -> None:
    text = render(table(group=6), 60, color=False)
    assert text.count("Group 0") == text.count("Columns, part") == 2


def test_a_column_wider_than_the_screen_stays_whole() -> None:
    text = render(table(2), 10, color=False)
    assert "0.000  ± 0.010" in text
    assert "0.100* ± 0.010" in text


def test_without_a_screen_lines_are_as_long_as_they_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    text = render(table(30))
    assert "Columns, part" not in text
    assert max(map(len, text.splitlines())) > 400


def test_columns_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert max(map(len, render(table()).splitlines())) <= 50


def test_signs_stand_in_for_styles() -> None:
    plain, styled = render(table(), 200, color=False), render(table(), 200, color=True)
    assert "0.300* ± 0.010" in plain
    assert "* stands for bold, † for underlined." in plain
    assert "\x1b[" not in plain
    assert "\x1b[1m0.300\x1b[0m ± 0.010" in styled
    assert "*" not in styled


@pytest.mark.parametrize(
    ("name", "value", "styled"),
    [("NO_COLOR", "1", False), ("TERM", "dumb", False), ("NO_COLOR", "", True)],
)
def test_styles_only_where_welcome(
    name: str, value: str, styled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert ("\x1b[" in render(table(), 200)) is styled


def test_printing_to_a_console_is_the_same_text() -> None:
    stream = StringIO()
    print_table(table(), Console(file=stream, width=60))
    assert stream.getvalue() == render(table(), 10_000, color=False)
    screen = StringIO()
    print_table(table(), Console(file=screen, width=60, force_terminal=True))
    assert "Columns, part 1 of" in screen.getvalue()


def test_names_with_brackets_are_no_markup() -> None:
    row = Row("a", "[bold]Method[/bold]", {})
    text = render(Table("suite/x", "[red]X", (Column("c", "[i]C"),), (row,)), 80, color=False)
    assert "[bold]Method[/bold]" in text
    assert "[red]X" in text
    assert "[i]C" in text


def test_a_table_without_rows_or_columns() -> None:
    assert "Method" in render(Table("suite/x", "X", (), ()), 80, color=False)
    lone = Table("suite/x", "X", (), (Row("a", "Alone", {}),))
    assert "Alone" in render(lone, 80, color=False)


def test_wide_characters_line_up() -> None:
    rows = (Row("a", "方法", {"c": Measured(0.5, None, 1, 1)}), Row("b", "Plain", {}))
    lines = render(Table("suite/x", "X", (Column("c", "C"),), rows), 80, color=False).splitlines()
    assert lines[4] == "方法    0.500"
