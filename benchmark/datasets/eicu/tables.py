"""Event tables of eICU: which rows of which columns become inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from benchmark.core.errors import DataError
from benchmark.datasets._csv_stream import stream_csv
from benchmark.datasets.eicu.config import (
    HOURLY_CHANNELS,
    LAB_CHANNELS,
    NURSE_CHANNELS,
    SERIES_CHANNELS,
)
from benchmark.datasets.icu.extract import Kept
from benchmark.datasets.icu.leaks import refuse_outcomes

#: Why a row, or a value of a wide row, gives no event; in the order in which it is asked.
REASONS = (
    "of no stay in patient",
    "without a time",
    "after the window",
    "entered after the window, or not told when",
    "before admission",
    "of other items",
    "without a name",
    "without a number",
)
UNKNOWN, TIMELESS, LATE, ENTERED, EARLY, OTHER, NAMELESS, NUMBERLESS = REASONS
#: Counts rows by reason.
Dropped = dict[str, int]
Types = dict[str, type[pl.DataType]]
STAY = "patientunitstayid"
#: When a value was entered or last revised; vital signs come from monitors and tell no such time.
LAB_ENTERED, NURSE_ENTERED = "labresultrevisedoffset", "nursingchartentryoffset"


def table_file(root: Path, name: str) -> Path | None:
    """Return the file of a table, compressed or not; None where it is not there."""
    places = (root / f"{name}.csv.gz", root / f"{name}.csv")
    return next((place for place in places if place.is_file()), None)


def whole_table(path: Path, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """Return some columns of a small table; a header alone is a table without rows.

    Raises:
        DataError: A value is not of its column's type: facts and outcomes are not guessed at.
    """
    frames = [pl.DataFrame(schema=columns)]
    for piece in stream_csv(path, columns):
        for name, count in piece.unreadable.items():
            raise DataError(
                f"{path}: column {name!r} has {count} value(s) that are no numbers",
                "use the table as released",
            )
        frames.append(piece.frame)
    return pl.concat(frames)


@dataclass(frozen=True)
class EventTable:
    """How a table turns into events.

    Attributes:
        name: Of the table.
        offset: Column of minutes from unit admission.
        columns: Columns read, with types.
        shape: From rows of those columns to ``stay, minutes, name[, value]``, counting what it
            leaves out.
        entered: Column of the minutes at which a row was entered, where it may be later.
        before: Whether rows from before admission are taken.
    """

    name: str
    offset: str
    columns: Types
    shape: Callable[[pl.DataFrame, Dropped], pl.DataFrame]
    entered: str | None = None
    before: bool = False

    def events(self, window: int, stays: pl.Series, rows: pl.DataFrame) -> Kept:
        """Return the events that a window of minutes holds, and that it knows of.

        Args:
            window: Its minutes.
            stays: Identifiers in ascending order.
            rows: Some rows of the table.
        """
        dropped: Dropped = {}
        stay, minutes = pl.col(STAY), pl.col(self.offset)
        left = rows.filter(_known(rows[STAY], stays))
        _count(dropped, UNKNOWN, len(rows) - len(left))
        left = _left(left, minutes.is_not_null(), TIMELESS, dropped)
        left = _left(left, minutes < window, LATE, dropped)
        if self.entered is not None:
            left = _left(left, pl.col(self.entered) < window, ENTERED, dropped)
        if not self.before:
            left = _left(left, minutes >= 0, EARLY, dropped)
        named = left.with_columns(stay.alias("stay"), minutes.alias("minutes"))
        return Kept(self.shape(named, dropped), dropped)


def _known(found: pl.Series, stays: pl.Series) -> pl.Series:
    """Return which identifiers are among sorted ones; a set of all stays per piece is slower."""
    at = stays.search_sorted(found.fill_null(-1)).clip(0, len(stays) - 1)
    return stays.gather(at) == found.fill_null(-1)


def _left(rows: pl.DataFrame, rule: pl.Expr, reason: str, dropped: Dropped) -> pl.DataFrame:
    kept = rows.filter(rule)
    _count(dropped, reason, len(rows) - len(kept))
    return kept


def _count(dropped: Dropped, reason: str, rows: int) -> None:
    if rows:
        dropped[reason] = dropped.get(reason, 0) + rows


def series_tables(known_by: str = "taken") -> list[EventTable]:
    """Return the tables of measurements; what was measured before admission is left out.

    Args:
        known_by: ``entered`` leaves out what was entered after the window; see the loader's option.
    """
    strict = known_by == "entered"
    wide = [
        EventTable(
            name=name,
            offset="observationoffset",
            columns={
                STAY: pl.Int64,
                "observationoffset": pl.Int64,
                **dict.fromkeys(names, pl.Float64),
            },
            shape=partial(_wide, names=names),
        )
        for name, names in SERIES_CHANNELS.items()
    ]
    lab = EventTable(
        name="lab",
        offset="labresultoffset",
        columns={
            STAY: pl.Int64,
            "labresultoffset": pl.Int64,
            "labname": pl.String,
            "labresult": pl.Float64,
            **({LAB_ENTERED: pl.Int64} if strict else {}),
        },
        shape=_lab,
        entered=LAB_ENTERED if strict else None,
    )
    nurse = EventTable(
        name="nurseCharting",
        offset="nursingchartoffset",
        columns={
            STAY: pl.Int64,
            "nursingchartoffset": pl.Int64,
            "nursingchartcelltypevallabel": pl.String,
            "nursingchartcelltypevalname": pl.String,
            "nursingchartvalue": pl.String,
            **({NURSE_ENTERED: pl.Int64} if strict else {}),
        },
        shape=_nurse,
        entered=NURSE_ENTERED if strict else None,
    )
    return [*wide, lab, nurse]


def code_tables(known_by: str = "taken") -> dict[str, EventTable]:
    """Return the tables of coded events; what came before admission counts as at admission.

    Args:
        known_by: As of :func:`series_tables`; of these tables it concerns the laboratory.
    """
    entered = {"lab": LAB_ENTERED} if known_by == "entered" else {}
    plain = {
        "diagnosis": ("diagnosisoffset", "diagnosisstring"),
        "treatment": ("treatmentoffset", "treatmentstring"),
        "lab": ("labresultoffset", "labname"),
    }
    tables = {
        name: EventTable(
            name=name,
            offset=offset,
            columns={
                STAY: pl.Int64,
                offset: pl.Int64,
                code: pl.String,
                **({entered[name]: pl.Int64} if name in entered else {}),
            },
            shape=partial(_codes, code=code),
            entered=entered.get(name),
            before=True,
        )
        for name, (offset, code) in plain.items()
    }
    tables["medication"] = EventTable(
        name="medication",
        offset="drugstartoffset",
        columns={
            STAY: pl.Int64,
            "drugorderoffset": pl.Int64,
            "drugstartoffset": pl.Int64,
            "drugname": pl.String,
        },
        # When an order is cancelled is not told, so that it was is not known in the window either.
        shape=partial(_codes, code="drugname"),
        entered="drugorderoffset",
        before=True,
    )
    return tables


def hourly_events(path: Path, window: int) -> pl.DataFrame:
    """Return the measurements of the hourly export inside a window of minutes.

    ``outc.parquet`` beside it holds the remaining stay and is never read.
    """
    refuse_outcomes(path.name, HOURLY_CHANNELS)
    table = pl.read_parquet(path, columns=["stay_id", "time", *HOURLY_CHANNELS])
    minutes = pl.col("time").dt.total_minutes()
    inside = table.with_columns(stay=pl.col("stay_id").cast(pl.Int64), minutes=minutes)
    long = inside.filter(pl.col("minutes") < window).unpivot(
        on=HOURLY_CHANNELS, index=["stay", "minutes"], variable_name="name"
    )
    return _measured(long)


def _wide(rows: pl.DataFrame, dropped: Dropped, names: dict[str, str]) -> pl.DataFrame:
    """Return an event per value; an empty field is nothing measured, and no loss."""
    long = rows.unpivot(on=list(names), index=["stay", "minutes"], variable_name="name")
    return _measured(long.with_columns(pl.col("name").replace_strict(names)))


def _lab(rows: pl.DataFrame, dropped: Dropped) -> pl.DataFrame:
    known = _left(rows, pl.col("labname").is_in(list(LAB_CHANNELS)), OTHER, dropped)
    named = known.with_columns(
        name=pl.col("labname").replace_strict(LAB_CHANNELS, return_dtype=pl.String),
        value=pl.col("labresult"),
    )
    return _numbers(named, dropped)


def _nurse(rows: pl.DataFrame, dropped: Dropped) -> pl.DataFrame:
    label, name = pl.col("nursingchartcelltypevallabel"), pl.col("nursingchartcelltypevalname")
    both = {f"{one}|{two}": channel for (one, two), channel in NURSE_CHANNELS.items()}
    paired = rows.with_columns(both=label + "|" + name)
    known = _left(paired, pl.col("both").is_in(list(both)), OTHER, dropped)
    text = pl.col("nursingchartvalue").str.strip_chars()
    named = known.with_columns(
        name=pl.col("both").replace_strict(both, return_dtype=pl.String),
        value=text.cast(pl.Float64, strict=False),
    )
    return _numbers(named, dropped)


def _numbers(rows: pl.DataFrame, dropped: Dropped) -> pl.DataFrame:
    found = _measured(rows)
    _count(dropped, NUMBERLESS, len(rows) - len(found))
    return found


def _measured(rows: pl.DataFrame) -> pl.DataFrame:
    there = pl.col("value").is_finite() & (pl.col("minutes") >= 0)
    return rows.filter(there).select("stay", "minutes", "name", "value")


def _codes(rows: pl.DataFrame, dropped: Dropped, code: str) -> pl.DataFrame:
    name = pl.col(code).str.strip_chars().str.to_lowercase()
    found = rows.with_columns(name=name, minutes=pl.col("minutes").clip(0))
    named = _left(found, (pl.col("name") != "").fill_null(value=False), NAMELESS, dropped)
    return named.select("stay", "minutes", "name")


NOTE = EventTable(
    name="note",
    offset="noteenteredoffset",
    columns={STAY: pl.Int64, "noteenteredoffset": pl.Int64, "notepath": pl.String},
    shape=partial(_codes, code="notepath"),
    before=True,
)
