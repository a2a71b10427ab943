"""Extracting a big table: parts, counts, going on after an interruption."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmark.datasets import _csv_stream
from benchmark.datasets.icu import extract as module
from benchmark.datasets.icu.extract import extract, load_parts

COLUMNS = {"stay": pl.Int64, "value": pl.Float64}


def even(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("stay") % 2 == 0)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    stream = _csv_stream.stream_csv
    monkeypatch.setattr(module, "stream_csv", lambda *a, **k: stream(*a, **k, piece_bytes=64))
    path = tmp_path / "t.csv"
    path.write_text("stay,value\n" + "".join(f"{i},{i}.5\n" for i in range(200)) + "200,high\n")
    return path


def test_what_is_kept_is_written_in_parts_and_counted(table: Path, tmp_path: Path) -> None:
    state = extract(table, COLUMNS, even, tmp_path / "out", part_bytes=200)
    assert (state.rows, state.kept, state.done) == (201, 101, True)
    assert state.unreadable == {"value": 1}
    assert len(state.parts) > 3
    found = load_parts(tmp_path / "out", state)
    assert found is not None
    assert found["stay"].to_list() == list(range(0, 201, 2))


def test_goes_on_where_it_was_killed(table: Path, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    seen: list[int] = []

    def dies(rows: pl.DataFrame) -> pl.DataFrame:
        if len(seen) > 120:
            raise Killed
        return counted(rows)

    def counted(rows: pl.DataFrame) -> pl.DataFrame:
        seen.extend(rows["stay"].to_list())
        return even(rows)

    with pytest.raises(Killed):
        extract(table, COLUMNS, dies, tmp_path / "out", part_bytes=200)
    before = len(seen)
    state = extract(table, COLUMNS, counted, tmp_path / "out", part_bytes=200)
    assert before >= 121
    assert len(seen) < 201 + 60  # read twice is only what had not become a part
    whole = extract(table, COLUMNS, even, tmp_path / "other", part_bytes=200)
    assert (state.rows, state.kept, state.unreadable) == (whole.rows, whole.kept, whole.unreadable)
    found = load_parts(tmp_path / "out", state)
    assert found is not None
    assert found["stay"].to_list() == list(range(0, 201, 2))
    extract(table, COLUMNS, dies, tmp_path / "out")  # done: nothing is read
