"""Best and second best."""

from __future__ import annotations

from benchmark.analysis.marks import mark_column
from benchmark.render.table import Column, Measured, Row, Text

UP = Column("c", "ACC", higher_is_better=True)


def marks(means: list[float | None], column: Column = UP, done: int = 5) -> list[str]:
    rows = [
        Row(str(i), "", {"c": Measured(mean, None, done if mean is not None else 0, 5)})
        for i, mean in enumerate(means)
    ]
    cells = [row.cells["c"] for row in mark_column(rows, column)]
    return [cell.mark for cell in cells if isinstance(cell, Measured)]


def test_direction() -> None:
    assert marks([0.1, 0.3, 0.2]) == ["", "best", "second"]
    assert marks([0.1, 0.3, 0.2], Column("c", "", higher_is_better=False)) == ["best", "", "second"]
    assert marks([0.1, 0.3, 0.2], Column("c", "")) == ["", "", ""]


def test_ties_share_a_mark_and_rounding_makes_none() -> None:
    assert marks([0.3, 0.3, 0.2, 0.2, 0.1]) == ["best", "best", "second", "second", ""]
    assert marks([0.30001, 0.30002]) == ["second", "best"]
    assert marks([0.1 + 0.2, 0.3]) == ["best", "best"]


def test_incomplete_cells_do_not_compete() -> None:
    assert marks([0.1, None, 0.2]) == ["second", "", "best"]
    assert marks([0.1, 0.2], done=4) == ["", ""]


def test_one_number_is_not_the_best_of_anything() -> None:
    assert marks([0.5, None]) == ["", ""]


def test_other_cells_are_left_alone() -> None:
    rows = [Row("a", "", {"c": Text("n/a")}), Row("b", "", {})]
    assert mark_column(rows, UP) == rows
