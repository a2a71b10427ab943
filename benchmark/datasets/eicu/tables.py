"""Event tables of eICU: which rows of which columns become inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from benchmark.datasets.eicu.config import (
    HOURLY_CHANNELS,
    LAB_CHANNELS,
    NURSE_CHANNELS,
    SERIES_CHANNELS,
)
from benchmark.datasets.icu.leaks import refuse_outcomes

Types = dict[str, type[pl.DataType]]
STAY = "patientunitstayid"


def table_file(root: Path, name: str) -> Path | None:
    """Return the file of a table, compressed or not; None where it is not there."""
    places = (root / f"{name}.csv.gz", root / f"{name}.csv")
    return next((place for place in places if place.is_file()), None)


@dataclass(frozen=True)
class EventTable:
    """How a table turns into events.

    Attributes:
        name: Of the table.
        offset: Column of minutes from unit admission.
        columns: Columns read, with types.
        shape: From rows of those columns to ``stay, minutes, name[, value]``.
        entered: Column of the minutes at which a row was entered, where it may be later.
    """

    name: str
    offset: str
    columns: Types
    shape: Callable[[pl.DataFrame], pl.DataFrame]
    entered: str | None = None

    def events(self, window: int, stays: list[int], rows: pl.DataFrame) -> pl.DataFrame:
        """Return the events of some stays that a window of minutes holds, and that it knows of."""
        inside = pl.col(self.offset) < window
        if self.entered is not None:
            inside &= pl.col(self.entered) < window
        chosen = rows.filter(pl.col(STAY).is_in(stays) & inside)
        return self.shape(chosen.rename({STAY: "stay", self.offset: "minutes"}))


def series_tables() -> list[EventTable]:
    """Return the tables of measurements; what was measured before admission is left out."""
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
        },
        shape=_lab,
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
        },
        shape=_nurse,
    )
    return [*wide, lab, nurse]


def code_tables() -> dict[str, EventTable]:
    """Return the tables of coded events; what came before admission counts as at admission."""
    plain = {
        "diagnosis": ("diagnosisoffset", "diagnosisstring"),
        "treatment": ("treatmentoffset", "treatmentstring"),
        "lab": ("labresultoffset", "labname"),
    }
    tables = {
        name: EventTable(
            name=name,
            offset=offset,
            columns={STAY: pl.Int64, offset: pl.Int64, code: pl.String},
            shape=partial(_codes, code=code),
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
    )
    return tables


NOTE = EventTable(
    name="note",
    offset="noteenteredoffset",
    columns={STAY: pl.Int64, "noteenteredoffset": pl.Int64, "notepath": pl.String},
    shape=lambda rows: _codes(rows, code="notepath"),
)


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


def _wide(rows: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    long = rows.unpivot(on=list(names), index=["stay", "minutes"], variable_name="name")
    return _measured(long.with_columns(pl.col("name").replace_strict(names)))


def _lab(rows: pl.DataFrame) -> pl.DataFrame:
    known = rows.filter(pl.col("labname").is_in(list(LAB_CHANNELS)))
    named = known.with_columns(
        name=pl.col("labname").replace_strict(LAB_CHANNELS, return_dtype=pl.String)
    )
    return _measured(named.rename({"labresult": "value"}))  # fmt: skip


def _nurse(rows: pl.DataFrame) -> pl.DataFrame:
    label, name = pl.col("nursingchartcelltypevallabel"), pl.col("nursingchartcelltypevalname")
    both = {f"{one}|{two}": channel for (one, two), channel in NURSE_CHANNELS.items()}
    known = rows.with_columns(both=label + "|" + name).filter(pl.col("both").is_in(list(both)))
    named = known.with_columns(
        name=pl.col("both").replace_strict(both, return_dtype=pl.String),
        value=pl.col("nursingchartvalue").cast(pl.Float64, strict=False),
    )
    return _measured(named)


def _measured(rows: pl.DataFrame) -> pl.DataFrame:
    there = pl.col("value").is_finite() & (pl.col("minutes") >= 0)
    return rows.filter(there).select("stay", "minutes", "name", "value")


def _codes(rows: pl.DataFrame, code: str) -> pl.DataFrame:
    name = pl.col(code).str.strip_chars().str.to_lowercase()
    found = rows.with_columns(name=name, minutes=pl.col("minutes").clip(0))
    return found.filter(pl.col("name") != "").select("stay", "minutes", "name")
