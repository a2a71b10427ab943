"""Which patients, which admission of theirs, and who died within a year of it.

Stated (I2MoE, Flex-MoE): adults with more than one visit, visits that coincide with death dropped,
one row per patient, dead within one year. Inferred: the visit looked at is the last one left, by
time of discharge; days are counted from its discharge to the day of death, of which no hour is
known, so a death on the day of discharge coincides with the visit.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmark.core.errors import DataError
from benchmark.datasets._base import AttritionStep
from benchmark.datasets.mimic.tables import read_table

ADULT, HORIZON_DAYS = 18, 365


def read_cohort(root: Path) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Read patients and admissions of a release and return :func:`choose` of them."""
    patients = read_table(root, "patients", ["anchor_age", "anchor_year", "dod"])
    columns = ["subject_id", "admittime", "dischtime", "hospital_expire_flag"]
    return choose(patients, read_table(root, "admissions", columns))


def choose(
    patients: pl.DataFrame, admissions: pl.DataFrame
) -> tuple[pl.DataFrame, tuple[AttritionStep, ...]]:
    """Return a row per patient, and what each step left.

    Args:
        patients: ``subject_id, anchor_age, anchor_year, dod``.
        admissions: ``hadm_id, subject_id, admittime, dischtime, hospital_expire_flag``.

    Returns:
        ``row, subject_id, hadm_id, admittime, dischtime, dead``, by rising ``subject_id``.

    Raises:
        DataError: No patient is left; names the step.
    """
    steps = [AttritionStep("patients with an admission", _patients(admissions))]
    known = admissions.join(patients, on="subject_id")
    _step(steps, "known patients", known, "not in patients")
    several = known.filter(pl.len().over("subject_id") > 1)
    _step(steps, "two or more admissions", several, "only one")
    whole = several.drop_nulls(["admittime", "dischtime", "hospital_expire_flag"])
    whole = whole.filter(pl.col("dischtime") >= pl.col("admittime"))
    lost = len(several) - len(whole)
    why = f"{lost:,} admissions without times in order" if lost else ""
    _step(steps, "admissions with times in order", whole, why)
    day = pl.col("dischtime").dt.date()
    alive = (pl.col("hospital_expire_flag") == 0) & (pl.col("dod") > day).fill_null(value=True)
    left = whole.filter(alive)
    ended = len(whole) - len(left)
    _step(steps, "discharged alive", left, f"{ended:,} admissions ended in death" if ended else "")
    index = left.sort("subject_id", "dischtime", "hadm_id").group_by(
        "subject_id", maintain_order=True
    )
    last = index.last()
    age = pl.col("anchor_age") + pl.col("admittime").dt.year() - pl.col("anchor_year")
    adults = last.filter(age >= ADULT)
    _step(
        steps, "adults", adults, f"below {ADULT} at the last of these admissions, or of unknown age"
    )
    days = (pl.col("dod") - day).dt.total_days()
    dead = (days <= HORIZON_DAYS).fill_null(value=False).cast(pl.Int64)
    chosen = adults.select("subject_id", "hadm_id", "admittime", "dischtime", dead.alias("dead"))
    return chosen.with_row_index("row"), tuple(steps)


def _step(steps: list[AttritionStep], name: str, admissions: pl.DataFrame, why: str) -> None:
    kept = _patients(admissions)
    if not kept:
        raise DataError(
            f"MIMIC-IV: no patient is left after: {name}", "give the whole release, unmodified"
        )
    dropped = steps[-1].kept - kept
    # Admissions may be left out without costing a patient.
    steps.append(AttritionStep(name, kept, dropped, why if dropped or "admissions" in why else ""))


def _patients(admissions: pl.DataFrame) -> int:
    return int(admissions["subject_id"].n_unique())
