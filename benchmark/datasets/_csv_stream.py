"""Big compressed CSV files, read in pieces: bounded memory, rows filtered while reading.

A gzip stream is decompressed in a thread of its own (ISA-L), cut into pieces at ends of rows, and
each piece is parsed by polars, which keeps only the columns and rows asked for. Peak memory depends
on the size of a piece, never on the size of the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from benchmark.core.errors import DataError, MMBenchError, suggestion

if TYPE_CHECKING:
    import polars as pl

#: Measured on MIMIC-IV's chartevents: larger pieces leave the processor's cache and are slower.
PIECE_BYTES = 2**22
_QUOTE, _NEWLINE = b'"', b"\n"


@dataclass(frozen=True)
class Piece:
    """Some consecutive rows of a file.

    Attributes:
        frame: Kept rows, in the file's order, with the columns asked for.
        rows: Rows of the file in this piece, kept or not.
        end: Decompressed bytes up to the end of this piece; ``start`` of a reader that goes on.
        unreadable: Values that are not of their column's type, by column; they are null.
    """

    frame: pl.DataFrame
    rows: int
    end: int
    unreadable: Mapping[str, int]


def stream_csv(
    path: Path,
    columns: Mapping[str, pl.DataType | type[pl.DataType]],
    keep: pl.Expr | None = None,
    start: int = 0,
    piece_bytes: int = PIECE_BYTES,
) -> Iterator[Piece]:
    """Read a ``.csv`` or ``.csv.gz`` piece by piece.

    Quoted fields may hold commas, quotes and line ends. A value that is not of its column's type
    becomes null and is counted; an empty field is null and is not.

    Args:
        path: The file; its first row names the columns.
        columns: Columns to read with their types, in any order.
        keep: Which rows to keep; None keeps all.
        start: ``Piece.end`` to go on from; what lies before is decompressed but not parsed.
        piece_bytes: Decompressed bytes per piece; a longer row gets a piece of its own.

    Raises:
        DataError: The file is missing, empty, truncated or damaged, lacks a column or names one
            twice, or a row has more fields than the header.
        MMBenchError: polars or isal is not installed.
    """
    with _open(path) as file:
        header = _read(file, path, lines=1)
        names = _names(header, path)
        _check_columns(names, columns, path)
        position = len(header)
        while position < start:
            skipped = _read(file, path, size=min(piece_bytes, start - position))
            if not skipped:
                raise DataError(f"{path} is shorter than it was", "prepare this release again")
            position += len(skipped)
        for block in _blocks(file, path, piece_bytes):
            position += len(block)
            yield _parse(header, block, columns, keep, path, position)


def header_of(path: Path) -> list[str]:
    """Return the names of a file's columns; DataError where it cannot be read."""
    with _open(path) as file:
        return _names(_read(file, path, lines=1), path)


def _open(path: Path) -> BinaryIO:
    try:
        if path.suffix != ".gz":
            return path.open("rb")
        from isal import igzip_threaded

        opened: BinaryIO = igzip_threaded.open(path, "rb", threads=1)
    except FileNotFoundError:
        raise DataError(f"{path} is missing", "copy the whole release") from None
    except ImportError as error:
        raise MMBenchError(f"{error.name} is not installed", "pip install 'mmbench[icu]'") from None
    return opened


def _read(file: BinaryIO, path: Path, size: int = 0, lines: int = 0) -> bytes:
    """Read bytes or one line; whatever is wrong with the file names it."""
    try:
        return file.readline() if lines else file.read(size)
    except EOFError:
        raise DataError(f"{path} is truncated", "download or copy it again") from None
    except (OSError, zlib.error, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}", "download or copy it again") from error


def _names(header: bytes, path: Path) -> list[str]:
    if not header.strip():
        raise DataError(f"{path} is empty", "download or copy it again")
    try:
        text = header.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError:
        raise DataError(f"{path} is no CSV file: its first line is not text") from None
    return [name.strip().strip('"') for name in text.split(",")]


def _check_columns(names: list[str], wanted: Mapping[str, object], path: Path) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"{path} has two columns {doubled[0]!r}", "use the file as released")
    for name in wanted:
        if name not in names:
            raise DataError(
                f"{path} has no column {name!r} ({suggestion(name, names)})",
                "use the release this loader is made for, unmodified",
            )


def _blocks(file: BinaryIO, path: Path, size: int) -> Iterator[bytes]:
    """Yield pieces of about ``size`` bytes that end where a row ends."""
    rest = b""
    while data := _read(file, path, size=size):
        rest += data
        cut = _last_row_end(rest)
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _last_row_end(data: bytes) -> int:
    """Return the position behind the last line end outside quotes; 0 where there is none."""
    end = len(data)
    while (at := data.rfind(_NEWLINE, 0, end)) >= 0:
        if data.count(_QUOTE, 0, at) % 2 == 0:
            return at + 1
        # Inside a quoted field: no line end between its opening quote and here ends a row.
        end = data.rfind(_QUOTE, 0, at)
    return 0


def _parse(
    header: bytes,
    block: bytes,
    columns: Mapping[str, pl.DataType | type[pl.DataType]],
    keep: pl.Expr | None,
    path: Path,
    end: int,
) -> Piece:
    """Parse a piece by its types; only where that fails, as text that is then converted."""
    import polars as pl

    try:
        table = pl.scan_csv(header + block, schema_overrides=columns, infer_schema=False)
        counted = table.select(*columns)
        frame = (counted if keep is None else counted.filter(keep)).collect()
        return Piece(frame, _rows(block), end, {})
    except pl.exceptions.PolarsError:
        return _parse_text(header, block, columns, keep, path, end)


def _parse_text(
    header: bytes,
    block: bytes,
    columns: Mapping[str, pl.DataType | type[pl.DataType]],
    keep: pl.Expr | None,
    path: Path,
    end: int,
) -> Piece:
    import polars as pl

    try:
        text = pl.read_csv(header + block, infer_schema=False, columns=list(columns))
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"{path} cannot be read before byte {end} (decompressed): {error}",
            "download or copy it again",
        ) from error
    frame = text.select(
        pl.col(name)
        if kind == pl.String
        else pl.col(name).str.strip_chars().cast(kind, strict=False)
        for name, kind in columns.items()
    )
    lost = {name: frame[name].null_count() - text[name].null_count() for name in columns}
    kept = frame if keep is None else frame.filter(keep)
    return Piece(kept, _rows(block), end, {name: n for name, n in lost.items() if n})


def _rows(block: bytes) -> int:
    """Count rows: line ends outside quotes, and a last row without one."""
    if _QUOTE not in block:
        return block.count(_NEWLINE) + (not block.endswith(_NEWLINE))
    outside = b"".join(block.split(_QUOTE)[::2])
    return outside.count(_NEWLINE) + (not block.endswith(_NEWLINE))
