"""Which unit stays are taken, and their outcomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from benchmark.core.errors import DataError
from benchmark.datasets._base import AttritionStep
from benchmark.datasets.eicu.config import EICUConfig
from benchmark.datasets.eicu.tables import table_file, whole_table
from benchmark.datasets.icu.rules import apply_rules

DAY, HOUR = 1440, 60
_PATIENT: dict[str, type[pl.DataType]] = {
    "patientunitstayid": pl.Int64,
    "patienthealthsystemstayid": pl.Int64,
    "uniquepid": pl.String,
    "gender": pl.String,
    "age": pl.String,
    "ethnicity": pl.String,
    "unitadmitsource": pl.String,
    "hospitaladmitoffset": pl.Int64,
    "hospitaldischargestatus": pl.String,
    "admissionheight": pl.Float64,
    "admissionweight": pl.Float64,
    "unitdischargeoffset": pl.Int64,
    "unitdischargestatus": pl.String,
}


def read_stays(root: Path) -> pl.DataFrame:
    """Return the table of unit stays, as released, in order of ``patientunitstayid``.

    Raises:
        DataError: The table is missing, damaged or names a stay twice.
    """
    path = table_file(root, "patient")
    if path is None:
        raise DataError(f"{root} has no patient.csv.gz", "copy the whole release")
    stays = whole_table(path, _PATIENT).sort("patientunitstayid")
    if not len(stays):
        raise DataError(f"{path} has no stay", "copy the whole release")
    doubled = stays.filter(stays["patientunitstayid"].is_duplicated())
    if len(doubled):
        raise DataError(f"{path} has stay {doubled['patientunitstayid'][0]} twice")
    if stays["patientunitstayid"].null_count():
        raise DataError(f"{path} has rows without patientunitstayid")
    # Ages above 89 are written "> 89".
    years = (
        pl.col("age")
        .str.strip_chars()
        .str.replace(r"^>\s*89$", "90")
        .cast(pl.Float64, strict=False)
    )
    return with_outcomes(stays.with_columns(years=years))


def with_outcomes(stays: pl.DataFrame) -> pl.DataFrame:
    """Add what becomes of every stay, before any is left out.

    ``dead_unit`` and ``dead_hospital`` are null where the status is not told. ``again_15d`` and
    ``again_30d`` tell whether another unit stay of the same hospital stay begins within 15 days of
    this admission, or within 30 days of this discharge; the last stay of a hospital stay is not
    followed by one.
    """
    status = {"unitdischargestatus": "dead_unit", "hospitaldischargestatus": "dead_hospital"}
    named = [
        pl.when(pl.col(column) == "Expired").then(1.0).when(pl.col(column) == "Alive").then(0.0)
        .alias(name) for column, name in status.items()
    ]  # fmt: skip
    # Minutes from hospital to unit admission order the unit stays of a hospital stay.
    begin = -pl.col("hospitaladmitoffset")
    following = begin.shift(-1).over(
        "patienthealthsystemstayid", order_by=["begin", "patientunitstayid"]
    )
    later = stays.with_columns(*named, begin=begin).with_columns(next=following)
    return later.with_columns(
        again_15d=(pl.col("next") - pl.col("begin") <= 15 * DAY).fill_null(value=False),
        again_30d=(
            pl.col("next") - pl.col("begin") - pl.col("unitdischargeoffset") <= 30 * DAY
        ).fill_null(value=False),
    )


def choose(
    stays: pl.DataFrame, config: EICUConfig, coded: np.ndarray
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Leave out stays step by step.

    Args:
        stays: As of :func:`read_stays`.
        config: Cohort and window.
        coded: (N,) coded events in the window, for the cohort ``codes``.

    Returns:
        The stays taken, and what each step left.
    """
    duration = pl.col("unitdischargeoffset")
    window = config.window_hours * HOUR
    if config.cohort == "codes":
        stays = stays.with_columns(coded=pl.Series(coded, dtype=pl.Int64))
        rules = [
            ("age 18 to 89", pl.col("years").is_between(18, 89), "child, above 89 or unknown"),
            ("12 hours to 10 days", duration.is_between(12 * HOUR, 10 * DAY), "shorter or longer"),
            ("3 to 256 coded events", pl.col("coded").is_between(3, 256), "fewer or more"),
        ]
    else:
        rules = [("adults", pl.col("years") >= 18, "child or age unknown")]
        if config.cohort == "window":
            text = f"unit stay of at least {config.window_hours} h"
            rules.append((text, duration >= window, "shorter"))
    return apply_rules(stays, rules, [AttritionStep("unit stays", len(stays))])


def targets(stays: pl.DataFrame, config: EICUConfig) -> dict[str, np.ndarray]:
    """Return the label of every task, NaN where it is not known."""
    unit = stays["dead_unit"].to_numpy().astype(float)
    again = "again_15d" if config.readmission == "admission_15d" else "again_30d"
    readmitted = stays[again].to_numpy().astype(float)
    if config.readmission_deaths == "exclude":
        readmitted = np.where(unit == 0, readmitted, np.nan)
    minutes = stays["unitdischargeoffset"].to_numpy().astype(float)
    if config.los == "short":
        los = np.where(np.isfinite(unit), (minutes < 96 * HOUR) & (unit == 0), np.nan)
    else:
        los = (minutes - config.window_hours * HOUR > 7 * DAY).astype(float)
    return {
        "hospital_mortality": stays["dead_hospital"].to_numpy().astype(float),
        "unit_mortality": unit,
        "readmission": readmitted,
        "los": los.astype(float),
    }


def demographics(stays: pl.DataFrame) -> np.ndarray:
    """Return (N, 10) facts known at admission, NaN where not recorded; see ``DEMOGRAPHICS``."""
    gender, source, origin = (pl.col(one) for one in ("gender", "unitadmitsource", "ethnicity"))
    height, weight = pl.col("admissionheight"), pl.col("admissionweight")
    groups = ("Caucasian", "African American", "Hispanic", "Asian")
    facts = stays.select(
        "years",
        pl.when(gender.is_in(["Female", "Male"])).then(gender == "Female").alias("female"),
        pl.when(height.is_between(100, 230)).then(height).alias("height"),
        pl.when(weight.is_between(20, 400)).then(weight).alias("weight"),
        (source == "Emergency Department").alias("emergency"),
        source.is_in(["Operating Room", "Recovery Room", "PACU"]).alias("surgery"),
        *((origin == name).alias(name) for name in groups),
    )
    return facts.cast(pl.Float64).to_numpy(writable=True)
