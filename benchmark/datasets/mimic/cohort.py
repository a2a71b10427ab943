"""Which stays in intensive care are taken, and their outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmark.datasets._base import AttritionStep
from benchmark.datasets.icu.rules import apply_rules
from benchmark.datasets.mimic.config import DEMOGRAPHICS, MIMICConfig
from benchmark.datasets.mimic.tables import read_table

_ADMISSION = ("subject_id", "admittime", "dischtime", "deathtime", "admission_type",
              "hospital_expire_flag")  # fmt: skip
#: Kinds of admission by their official words.
_KINDS = {
    "emergency": ("EW EMER.", "DIRECT EMER."),
    "urgent": ("URGENT",),
    "observation": ("EU OBSERVATION", "DIRECT OBSERVATION", "AMBULATORY OBSERVATION",
                    "OBSERVATION ADMIT"),
    "elective": ("ELECTIVE",),
    "surgical": ("SURGICAL SAME DAY ADMISSION",),
}  # fmt: skip
#: Modalities with times inside the window; a stay without any of them has no event.
TIMED = ("series", "note", "xray")


def read_stays(root: Path) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return all stays with their admissions and patients, in order of ``stay_id``.

    Returns:
        The stays that can be placed in time; and those that cannot, counted: without their
        admission or patient in the release, or with times that are missing or out of order.

    Raises:
        DataError: A table is missing, damaged, or names a stay, admission or patient twice.
    """
    stays = read_table(root, "icustays")
    admissions = read_table(root, "admissions", _ADMISSION)
    patients = read_table(root, "patients", ("gender", "anchor_age", "anchor_year", "dod"))
    placed = stays.join(admissions, on=["hadm_id", "subject_id"]).join(patients, on="subject_id")
    times = pl.col("intime") < pl.col("outtime")
    timed = placed.filter(times.fill_null(value=False))
    lost = len(stays) - len(placed)
    steps = (
        AttritionStep("stays in intensive care", len(stays)),
        AttritionStep("known ids", len(placed), lost, "admission or patient is not in the release"),
        AttritionStep("times in order", len(timed), len(placed) - len(timed),
                      "beginning or end missing or swapped"),
    )  # fmt: skip
    return with_facts(timed.sort("stay_id")), steps


def with_facts(stays: pl.DataFrame) -> pl.DataFrame:
    """Add age, minutes of the stay, and its place among those of the admission."""
    order = pl.struct("intime", "stay_id").rank("ordinal").over("hadm_id")
    return stays.with_columns(
        age=pl.col("anchor_age") + pl.col("admittime").dt.year() - pl.col("anchor_year"),
        minutes=(pl.col("outtime") - pl.col("intime")).dt.total_seconds() / 60,
        place=order,
        of_admission=pl.len().over("hadm_id"),
    )


def choose(
    stays: pl.DataFrame, config: MIMICConfig, seen: Mapping[str, Set[int]]
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Leave out stays step by step: age, kind of stay, length, events, modalities.

    Args:
        stays: As of :func:`read_stays`.
        config: Cohort and window.
        seen: Stays that have each of :data:`TIMED` in the window.

    Returns:
        The stays taken, and what each step left.

    Raises:
        DataError: None is left.
    """
    rules = [("adults", pl.col("age") >= 18, "child or age unknown")]
    if config.cohort == "flame_text":
        rules.append(("first stay of the admission", pl.col("place") == 1, "a later stay"))
    if config.cohort == "mimic3_benchmark":
        same = (pl.col("first_careunit") == pl.col("last_careunit")).fill_null(value=False)
        rules.append(("one unit", same, "changed units"))
        rules.append(("only stay of the admission", pl.col("of_admission") == 1, "one of several"))
    if config.shorter == "leave_out":
        hours = config.window_hours
        rules.append((f"stay of at least {hours} h", pl.col("minutes") >= 60 * hours, "shorter"))
    any_event = sorted(set().union(*(seen[name] for name in TIMED)))
    rules.append(
        ("an event in the window", pl.col("stay_id").is_in(any_event), "no value, note or image")
    )
    if config.cohort == "fusemoe_complete":
        for name in TIMED:
            there = pl.col("stay_id").is_in(sorted(seen[name]))
            rules.append((f"{name} in the window", there, f"no {name}"))
    return apply_rules(stays, rules)


def outcomes(stays: pl.DataFrame, config: MIMICConfig) -> dict[str, NDArray[np.float64]]:
    """Return ``ihm`` and ``los`` of stays, NaN where it is not known whether they died."""
    died = died_in_hospital(stays, config)
    minutes = stays["minutes"].to_numpy().astype(np.float64)
    if config.los == "fusemoe":
        los = np.where(np.isnan(died), np.nan, (minutes < 96 * 60) & (died == 0))
    else:
        los = (minutes - 60 * config.window_hours > 7 * 24 * 60).astype(np.float64)
    return {"ihm": died, "los": los.astype(np.float64)}


def died_in_hospital(stays: pl.DataFrame, config: MIMICConfig) -> NDArray[np.float64]:
    """Return 1 for stays whose admission ended in death."""
    if config.ihm == "expire_flag":
        return stays["hospital_expire_flag"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    times = pl.col("deathtime").is_between("admittime", "dischtime")
    days = pl.col("dod").is_between(
        pl.col("admittime").dt.date(), pl.col("dischtime").dt.date()
    )  # fmt: skip
    inside = times.fill_null(value=False) | days.fill_null(value=False)
    return stays.select(inside.cast(pl.Float64)).to_series().to_numpy()


def demographics(stays: pl.DataFrame) -> NDArray[np.float64]:
    """Return (N, 7) facts known at admission, NaN where not recorded; see ``DEMOGRAPHICS``."""
    gender, kind = pl.col("gender"), pl.col("admission_type")
    facts = stays.select(
        "age",
        pl.when(gender.is_in(["F", "M"])).then(gender == "F").alias("female"),
        *(kind.is_in(list(words)).alias(name) for name, words in _KINDS.items()),
    )
    return facts.select(DEMOGRAPHICS).cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)
