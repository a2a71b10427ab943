"""Notes of MIMIC-IV-Note: which reports a stay's window knows of.

Columns as in the release's documentation: ``note_id, subject_id, hadm_id, note_type, note_seq,
charttime, storetime, text``. Radiology reports may lack ``hadm_id``, so they are found by patient
and time. ``charttime`` is when the picture was taken, ``storetime`` when the report was there to be
read.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl

from benchmark.core.errors import DataError
from benchmark.datasets._base import AttritionStep, Progress, silent
from benchmark.datasets.icu.extract import extract, load_parts

NoteTime = Literal["storetime", "charttime"]
#: What ``note_type`` says in each table: reports and their addenda.
TYPES = {"radiology": ("RR", "AR"), "discharge": ("DS", "AD")}
_NAMES = {"radiology": "radiology report", "discharge": "discharge summary"}
FOLDERS = (
    "mimic-iv-note-deidentified-free-text-clinical-notes-2.2",
    "mimic-iv-note-2.2",
    "mimic-iv-note/2.2",
    "mimic-iv-note",
)
_COLUMNS: dict[str, type[pl.DataType]] = {
    "note_id": pl.String,
    "subject_id": pl.Int64,
    "note_type": pl.String,
    "charttime": pl.String,
    "storetime": pl.String,
    "text": pl.String,
}
_TIME = "%Y-%m-%d %H:%M:%S"
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "stay_id": pl.Int64,
    "minutes": pl.Float64,
    "note_id": pl.String,
    "text": pl.String,
}
_EXTRACTED = SCHEMA | {"stored": pl.Float64}


def note_file(folder: Path, kind: str) -> Path | None:
    """Return the table of a kind of note, ``<folder>[/note]/<kind>.csv[.gz]``; None without."""
    places = [folder / inner / f"{kind}.csv{gz}" for inner in ("note", "") for gz in (".gz", "")]
    return next((place for place in places if place.is_file()), None)


def read_radiology(
    path: Path,
    stays: pl.DataFrame,
    hours: int,
    known_by: NoteTime,
    folder: Path,
    progress: Progress = silent,
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return the radiology reports of the first hours of stays, in time.

    A report belongs to a stay if the picture was taken between its ``intime`` and ``outtime``, and
    to its window if, counted from ``intime``, the time asked for comes before the window ends.

    Args:
        path: ``radiology.csv.gz``.
        stays: ``subject_id, stay_id, intime, outtime``, times as datetimes.
        hours: Length of the window.
        known_by: ``storetime``: the report was there; ``charttime``: the picture was, and the
            report may have been written after the window.
        folder: Where the extraction is kept while it goes on.
        progress: Is told of rows read.

    Returns:
        ``stay_id, minutes, note_id, text``, minutes from ``intime`` to ``charttime``; and what each
        step left.

    Raises:
        DataError: The table is damaged or holds notes that are no radiology reports.
    """
    state = extract(path, _COLUMNS, partial(_of_stays, stays_of(stays), path), folder, progress)
    found = load_parts(folder, state)
    of_stays = pl.DataFrame(schema=_EXTRACTED) if found is None else found
    known = "stored" if known_by == "storetime" else "minutes"
    chosen = of_stays.filter(pl.col(known) < 60.0 * hours).select(SCHEMA.keys())
    late = f"{known_by} after the window, or not told"
    steps = (
        AttritionStep("radiology reports", state.rows),
        AttritionStep(
            "of stays", len(of_stays), state.rows - len(of_stays), "taken at other times"
        ),
        AttritionStep("of the window", len(chosen), len(of_stays) - len(chosen), late),
    )
    return chosen.sort("stay_id", "minutes", "note_id"), steps


def last_reports(reports: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return the last ``count`` reports of every stay, in time."""
    ordered = reports.sort("stay_id", "minutes", "note_id")
    return ordered.group_by("stay_id", maintain_order=True).tail(count)


def joined_texts(reports: pl.DataFrame) -> dict[int, str]:
    """Return the texts of every stay's reports, the earliest first, as one."""
    ordered = reports.sort("stay_id", "minutes", "note_id")
    grouped = ordered.group_by("stay_id", maintain_order=True).agg(pl.col("text").str.join("\n"))
    return dict(grouped.iter_rows())


def stays_of(stays: pl.DataFrame) -> pl.DataFrame:
    """Return ``subject_id, stay_id, intime, outtime`` with times to the microsecond."""
    times = (pl.col(name).cast(pl.Datetime("us")) for name in ("intime", "outtime"))
    return stays.select("subject_id", "stay_id", *times)


def refuse_other_notes(rows: pl.DataFrame, kind: str, path: Path) -> None:
    """Check that a table holds notes of its own kind only: a summary tells how a stay ends.

    Args:
        rows: ``note_id, note_type``.
        kind: Key of :data:`TYPES`.
        path: Of the table.

    Raises:
        DataError: A note is of another type; names it.
    """
    odd = rows.filter(~pl.col("note_type").is_in(TYPES[kind]).fill_null(value=False))
    if len(odd):
        raise DataError(
            f"{path} holds note {odd['note_id'][0]} of type {odd['note_type'][0]!r}, which is no "
            f"{_NAMES[kind]} ({', '.join(TYPES[kind])})",
            "use the table as released; discharge summaries tell the outcome",
        )


def _of_stays(stays: pl.DataFrame, path: Path, rows: pl.DataFrame) -> pl.DataFrame:
    """Return what one piece of the table gives."""
    refuse_other_notes(rows, "radiology", path)
    times = [
        pl.col(name).str.to_datetime(_TIME, strict=False, time_unit="us")
        for name in ("charttime", "storetime")
    ]
    matched = rows.with_columns(times).join(stays, on="subject_id")
    taken = pl.col("charttime").is_between("intime", "outtime")
    chosen = matched.filter(taken & (pl.col("text").str.strip_chars() != ""))
    minutes, stored = _minutes("charttime"), _minutes("storetime")
    return chosen.select("stay_id", minutes.alias("minutes"), stored.alias("stored"),
                         "note_id", "text")  # fmt: skip


def _minutes(column: str) -> pl.Expr:
    return (pl.col(column) - pl.col("intime")).dt.total_seconds() / 60
