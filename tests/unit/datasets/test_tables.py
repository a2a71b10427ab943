"""Tables read as text: what is wrong is named by file, column, line and patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import DataError
from benchmark.datasets._tables import check_words, count_rows, dates, numbers, read_text_table


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_cells_are_text_without_blanks_and_empty_where_nothing_is_given(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,x,y\n0012, N ,1\nNA,,2\n")
    table = read_text_table(path, ["x", "id"])
    assert table.to_dict("list") == {"x": ["N", ""], "id": ["0012", "NA"]}


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv is not there"):
        read_text_table(tmp_path / "gone.csv", ["a"])
    with pytest.raises(DataError, match=r"(?s)a\.csv has no column 'c'.*it has: a, b"):
        read_text_table(write(tmp_path / "a.csv", "a,b\n1,2\n"), ["a", "c"])
    for text in ("", 'a,b\n1,2\n1,2,3\n"'):
        with pytest.raises(DataError, match=r"b\.csv cannot be read as a table"):
            read_text_table(write(tmp_path / "b.csv", text), ["a"])


def test_words_numbers_and_dates(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "id": ["p1", "p2", "p3"],
            "word": ["A", "", "C"],
            "number": ["1", "", "2.5"],
            "date": ["2015-02-28", "", "2016-01-01 10:30:00"],
        }
    )
    path = tmp_path / "t.csv"
    check_words(path, table, "word", {"A", "C", ""}, "id")
    np.testing.assert_equal(numbers(path, table, "number", "id"), [1, np.nan, 2.5])
    found = dates(path, table, "date", "id")
    assert list(found.astype(str)) == ["2015-02-28", "NaT", "2016-01-01"]
    empty = table.assign(number="", date="")
    assert np.isnan(numbers(path, empty, "number", "id")).all()
    assert np.isnat(dates(path, empty, "date", "id")).all()
    message = r"t\.csv: column 'word' holds 'C' in line 4 \(patient 'p3'; 1 such rows\)"
    with pytest.raises(DataError, match=message):
        check_words(path, table, "word", {"A", ""}, "id")
    for column, value, reader in (("number", "many", numbers), ("date", "2015-02-30", dates)):
        strange = table.copy()
        strange.loc[1, column] = value
        with pytest.raises(DataError, match=f"column '{column}' holds '{value}' in line 3"):
            reader(path, strange, column, "id")


@pytest.mark.parametrize(("text", "rows"), [("a\n", 0), ("a\n1\n2\n", 2), ("a\n1\n2", 2)])
def test_rows_are_counted_with_or_without_a_last_newline(
    tmp_path: Path, text: str, rows: int
) -> None:
    assert count_rows(write(tmp_path / "a.csv", text)) == rows
