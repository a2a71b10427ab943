"""Tables of MIMIC-IV 2.2 and 3.1 (Johnson et al. 2023): where they lie, their columns and keys.

Official layout: ``hosp/<table>.csv.gz`` and ``icu/<table>.csv.gz`` (or ``.csv``) below one folder.
Patients have admissions (``hadm_id``), admissions have stays in intensive care (``stay_id``). Times
are written ``YYYY-MM-DD HH:MM:SS``; dates of a patient are shifted alike in all tables. Notes and
X-rays are releases of their own: :mod:`.notes`, :mod:`.xrays`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from benchmark.core.errors import DataError
from benchmark.datasets._csv_stream import stream_csv

#: Times and days are read as text and then converted.
TIME, DAY = pl.Datetime("us"), pl.Date()
TIME_FORMAT, DAY_FORMAT = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"
Type = pl.DataType | type[pl.DataType]


@dataclass(frozen=True)
class Table:
    """A table as released.

    Attributes:
        folder: ``hosp`` or ``icu``.
        name: Of the file, without ending.
        columns: Those that are read, with types.
        key: Columns that are never empty and together name a row once; empty for events.
    """

    folder: str
    name: str
    columns: dict[str, Type]
    key: tuple[str, ...] = ()


_IDS: dict[str, Type] = {"subject_id": pl.Int64, "hadm_id": pl.Int64}
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "hosp",
            "patients",
            {
                "subject_id": pl.Int64,
                "gender": pl.String,
                "anchor_age": pl.Int64,
                "anchor_year": pl.Int64,
                "anchor_year_group": pl.String,
                "dod": DAY,
            },
            ("subject_id",),
        ),
        Table(
            "hosp",
            "admissions",
            {
                **_IDS,
                "admittime": TIME,
                "dischtime": TIME,
                "deathtime": TIME,
                "admission_type": pl.String,
                "discharge_location": pl.String,
                "insurance": pl.String,
                "race": pl.String,
                "hospital_expire_flag": pl.Int64,
            },
            ("hadm_id",),
        ),
        Table(
            "icu",
            "icustays",
            {
                **_IDS,
                "stay_id": pl.Int64,
                "first_careunit": pl.String,
                "last_careunit": pl.String,
                "intime": TIME,
                "outtime": TIME,
                "los": pl.Float64,
            },
            ("stay_id",),
        ),
        Table(
            "hosp",
            "diagnoses_icd",
            {**_IDS, "seq_num": pl.Int64, "icd_code": pl.String, "icd_version": pl.Int64},
            ("hadm_id", "seq_num"),
        ),
        Table(
            "hosp",
            "procedures_icd",
            {
                **_IDS,
                "seq_num": pl.Int64,
                "chartdate": DAY,
                "icd_code": pl.String,
                "icd_version": pl.Int64,
            },
            ("hadm_id", "seq_num"),
        ),
        Table(
            "hosp",
            "labevents",
            {
                **_IDS,
                "itemid": pl.Int64,
                "charttime": TIME,
                "storetime": TIME,
                "valuenum": pl.Float64,
                "valueuom": pl.String,
            },
        ),
        Table(
            "icu",
            "chartevents",
            {
                "stay_id": pl.Int64,
                "itemid": pl.Int64,
                "charttime": TIME,
                "storetime": TIME,
                "value": pl.String,
                "valuenum": pl.Float64,
                "valueuom": pl.String,
            },
        ),
        Table(
            "hosp",
            "d_labitems",
            {"itemid": pl.Int64, "label": pl.String, "fluid": pl.String, "category": pl.String},
            ("itemid",),
        ),
        Table(
            "icu",
            "d_items",
            {"itemid": pl.Int64, "label": pl.String, "linksto": pl.String, "unitname": pl.String},
            ("itemid",),
        ),
    )
}


def table_file(root: Path, name: str) -> Path | None:
    """Return the file of a table, compressed or not; None where it is not there."""
    folder = root / TABLES[name].folder
    places = (folder / f"{name}.csv.gz", folder / f"{name}.csv")
    return next((place for place in places if place.is_file()), None)


def needed_file(root: Path, name: str) -> Path:
    """Return the file of a table; DataError where it is not there."""
    path = table_file(root, name)
    if path is None:
        place = root / TABLES[name].folder / f"{name}.csv.gz"
        raise DataError(f"{place} is missing", "copy the whole release")
    return path


def raw_types(name: str, columns: Iterable[str] | None = None) -> dict[str, Type]:
    """Return the types columns are read with; times are text until :func:`with_times`."""
    types = TABLES[name].columns
    return {
        column: pl.String if types[column] in (TIME, DAY) else types[column]
        for column in (types if columns is None else columns)
    }


def with_times(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Convert the text of times and days; what is none becomes null."""
    types = TABLES[name].columns
    return frame.with_columns(
        *(
            pl.col(column).str.to_datetime(TIME_FORMAT, strict=False, time_unit="us")
            for column in frame.columns if types.get(column) == TIME
        ),
        *(
            # Some copies of the release write days with the time of midnight.
            pl.col(column).str.slice(0, 10).str.to_date(DAY_FORMAT, strict=False)
            for column in frame.columns if types.get(column) == DAY
        ),
    )  # fmt: skip


def read_table(root: Path, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a table that fits into memory.

    Args:
        root: Folder of the release.
        name: Of the table.
        columns: Those wanted besides the key; None for all of :data:`TABLES`.

    Raises:
        DataError: The table is missing or damaged, lacks a column, holds a value that is not of
            its column's type, or its key is empty or there twice; names file, column and row.
    """
    path, table = needed_file(root, name), TABLES[name]
    wanted = list(dict.fromkeys([*table.key, *(table.columns if columns is None else columns)]))
    pieces = list(stream_csv(path, raw_types(name, wanted)))
    for piece in pieces:
        for column, count in piece.unreadable.items():
            raise DataError(
                f"{path}: column {column!r} holds {count} values that are no {_noun(name, column)}",
                "use the file as released",
            )
    empty = pl.DataFrame(schema=raw_types(name, wanted))
    text = pl.concat([empty, *(piece.frame for piece in pieces)])
    frame = with_times(name, text)
    _check_times(path, text, frame)
    _check_key(path, frame, table.key)
    return frame


def row_count(path: Path, column: str = "subject_id") -> int:
    """Return the rows of a table, from the memory of this process if it can.

    Args:
        path: Its file.
        column: One it must have, of whole numbers.
    """
    stat = path.stat()
    return _row_count(path, column, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _row_count(path: Path, column: str, size: int, changed: int) -> int:
    return sum(piece.rows for piece in stream_csv(path, {column: pl.Int64}))


def _noun(name: str, column: str) -> str:
    return "whole numbers" if TABLES[name].columns[column] == pl.Int64 else "numbers"


def _check_times(path: Path, text: pl.DataFrame, frame: pl.DataFrame) -> None:
    """Refuse text in a column of times that is none."""
    for column in frame.columns:
        if frame[column].dtype not in (TIME, DAY):
            continue
        lost = text.filter(frame[column].is_null() & (text[column].str.strip_chars() != ""))
        if len(lost):
            raise DataError(
                f"{path}: column {column!r} holds {lost[column][0]!r}, which is no time, in the "
                f"row of {lost.columns[0]} {lost[lost.columns[0]][0]} ({len(lost)} such rows)",
                "use the file as released",
            )


def _check_key(path: Path, frame: pl.DataFrame, key: tuple[str, ...]) -> None:
    """Refuse rows without a key, and keys that come twice."""
    for column in key:
        if count := frame[column].null_count():
            raise DataError(f"{path} has {count} rows without {column}", "use it as released")
    if key:
        doubled = frame.filter(pl.struct(key).is_duplicated())
        if len(doubled):
            named = ", ".join(f"{column} {doubled[column][0]}" for column in key)
            raise DataError(f"{path} has {named} twice", "use the file as released")
