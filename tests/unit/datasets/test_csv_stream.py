"""Big CSV files in pieces."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest

from benchmark.core.errors import DataError
from benchmark.datasets._csv_stream import Piece, header_of, stream_csv

COLUMNS = {"stay": pl.Int64, "value": pl.Float64, "text": pl.String}


def rows_of(n: int) -> list[tuple[int, object, str]]:
    texts = ("plain", "a, b", 'say "no"', "two\nlines", "", "\n\n", '"', "ends\n")
    return [(i, "" if i % 7 == 0 else i / 4, texts[i % len(texts)]) for i in range(n)]


def written(
    path: Path, rows: list[tuple[int, object, str]], header: str = "stay,value,other,text"
) -> Path:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([stay, value, "x", text] for stay, value, text in rows)
    data = f"{header}\n{file.getvalue()}".encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def joined(pieces: list[Piece]) -> list[tuple[object, ...]]:
    return [row for piece in pieces for row in piece.frame.rows()]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("size", [1, 7, 64, 2**20])
def test_pieces_of_any_size_hold_every_row_once(tmp_path: Path, name: str, size: int) -> None:
    rows = rows_of(40)
    pieces = list(stream_csv(written(tmp_path / name, rows), COLUMNS, piece_bytes=size))
    expected = [(s, None if v == "" else v, t or None) for s, v, t in rows]
    found = [(s, v, t or None) for s, v, t in joined(pieces)]
    assert found == expected
    assert sum(piece.rows for piece in pieces) == 40
    assert len(pieces) > 1 or size > 1000
    assert not any(piece.unreadable for piece in pieces)


def test_only_what_is_asked_for_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv.gz", rows_of(20))
    pieces = list(stream_csv(path, {"stay": pl.Int64}, pl.col("stay").is_in([3, 17])))
    assert joined(pieces) == [(3,), (17,)]
    assert sum(piece.rows for piece in pieces) == 20


def test_goes_on_where_a_reader_stopped(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv.gz", rows_of(30))
    pieces = list(stream_csv(path, COLUMNS, piece_bytes=50))
    for at, piece in enumerate(pieces[:-1]):
        rest = list(stream_csv(path, COLUMNS, start=piece.end, piece_bytes=50))
        assert joined(rest) == joined(pieces[at + 1 :])
    with pytest.raises(DataError, match="shorter than it was"):
        list(stream_csv(path, COLUMNS, start=10**6))


def test_values_of_another_type_are_null_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("stay,value,text\n1,2.5,a\n2,>9,b\n3, 7 ,c\nx,,d\n")
    (piece,) = stream_csv(path, COLUMNS)
    assert piece.frame.rows() == [(1, 2.5, "a"), (2, None, "b"), (3, 7.0, "c"), (None, None, "d")]
    assert piece.unreadable == {"value": 1, "stay": 1}


@pytest.mark.parametrize(
    ("header", "text"),
    [("stay,valu,other,text", r"no column 'value' \(did you mean 'valu'\?\)"),
     ("stay,value,stay,text", "two columns 'stay'"), ("", "is empty")],
)  # fmt: skip
def test_headers_that_do_not_fit_are_named(tmp_path: Path, header: str, text: str) -> None:
    path = written(tmp_path / "a.csv", rows_of(3), header)
    with pytest.raises(DataError, match=text) as caught:
        list(stream_csv(path, COLUMNS))
    assert str(path) in str(caught.value)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv.gz", [(i, i * 1.37, f"text {i * 7919 % 1000}") for i in range(5000)]
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.csv\.gz is (truncated|damaged)"):
        list(stream_csv(path, COLUMNS))
    path.write_bytes(b"PK no gzip" * 9)
    with pytest.raises(DataError, match=r"a\.csv\.gz is damaged"):
        header_of(path)
    with pytest.raises(DataError, match=r"b\.csv\.gz is missing"):
        header_of(tmp_path / "b.csv.gz")
    wide = tmp_path / "wide.csv"
    wide.write_text("stay,value,text\n1,2,a,b,c\n")
    with pytest.raises(DataError, match=r"wide\.csv cannot be read"):
        list(stream_csv(wide, COLUMNS))
