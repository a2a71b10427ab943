"""Stays of MIMIC-IV: cohorts, outcomes and facts by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from benchmark.core.errors import DataError
from benchmark.datasets.mimic.cohort import choose, demographics, outcomes, read_stays, with_facts
from benchmark.datasets.mimic.config import MIMICConfig

START = datetime(2150, 1, 1)

Write = Callable[..., Path]


def stays(*rows: dict[str, Any]) -> pl.DataFrame:
    """Stays with what a row does not say filled in; ``hours`` is their length."""
    full = []
    for at, row in enumerate(rows):
        begin = START + timedelta(hours=row.get("after", 0))
        usual: dict[str, Any] = {
            "subject_id": at + 1, "hadm_id": at + 10, "stay_id": at + 100,
            "first_careunit": "A", "last_careunit": "A",
            "intime": begin, "outtime": begin + timedelta(hours=row.pop("hours", 60)),
            "admittime": START, "dischtime": START + timedelta(days=20), "deathtime": None,
            "admission_type": "URGENT", "hospital_expire_flag": 0, "gender": "F",
            "anchor_age": 50, "anchor_year": 2150, "dod": None,
        }  # fmt: skip
        row.pop("after", None)
        full.append({**usual, **row})
    types = {"deathtime": pl.Datetime("us"), "dod": pl.Date()}
    return with_facts(pl.DataFrame(full, schema_overrides=types, infer_schema_length=None))


def ids(table: pl.DataFrame, seen: set[int] | None = None, **options: Any) -> list[int]:
    there = set(table["stay_id"]) if seen is None else seen
    both: dict[str, set[int]] = {"series": there, "note": set(), "xray": set()}
    return choose(table, MIMICConfig(**options), both)[0]["stay_id"].to_list()


def test_cohorts_take_what_they_say() -> None:
    table = stays(
        {"anchor_age": 17},
        {},
        {"hadm_id": 30},
        {"hadm_id": 30, "after": 100},
        {"last_careunit": "B"},
        {"hours": 47.9},
        {"hours": 48},
        {"anchor_age": 17, "anchor_year": 2149},
    )
    assert ids(table) == [101, 102, 104, 106, 107]
    assert ids(table, cohort="fusemoe") == [101, 102, 103, 104, 106, 107]
    assert ids(table, cohort="mimic3_benchmark") == [101, 106, 107]
    assert ids(table, shorter="keep") == [101, 102, 104, 105, 106, 107]
    assert ids(table, window_hours=24) == [101, 102, 104, 105, 106, 107]


def test_steps_come_in_order_and_are_counted() -> None:
    table = stays({}, {"anchor_age": 17, "hours": 2}, {"hours": 2}, {}, {})
    seen = {"series": {100, 103}, "note": {100}, "xray": {100, 103}}
    taken, steps = choose(table, MIMICConfig(cohort="fusemoe_complete"), seen)
    assert taken["stay_id"].to_list() == [100]
    assert [(step.name, step.kept, step.dropped) for step in steps] == [
        ("adults", 4, 1), ("stay of at least 48 h", 3, 1), ("an event in the window", 2, 1),
        ("series in the window", 2, 0), ("note in the window", 1, 1), ("xray in the window", 1, 0),
    ]  # fmt: skip
    with pytest.raises(DataError, match="no stay is left after: adults, first stay"):
        ids(table, seen=set())


def test_both_lengths_of_stay_and_death() -> None:
    table = stays(
        {"hours": 95.9},
        {"hours": 96},
        {"hours": 95.9, "hospital_expire_flag": 1},
        {"hours": 48 + 7 * 24 + 1},
        {"hospital_expire_flag": None, "hours": 50},
    )
    found = outcomes(table, MIMICConfig())
    np.testing.assert_array_equal(found["ihm"], [0, 0, 1, 0, np.nan])
    np.testing.assert_array_equal(found["los"], [1, 0, 0, 0, np.nan])
    assert not ((found["los"] == 1) & (found["ihm"] == 1)).any()
    assert outcomes(table, MIMICConfig(los="flame_text"))["los"].tolist() == [0, 0, 0, 1, 0]


def test_death_by_its_time() -> None:
    table = stays(
        {"deathtime": START + timedelta(days=3)},
        {"dod": date(2150, 1, 21)},  # the day of discharge
        {"dod": date(2150, 1, 22), "hospital_expire_flag": 1},
        {},
    )
    found = outcomes(table, MIMICConfig(ihm="death_time"))
    assert found["ihm"].tolist() == [1, 1, 0, 0]


def test_demographics_are_known_at_admission() -> None:
    table = stays(
        {"gender": "M", "anchor_age": 91},
        {"gender": None, "admission_type": "EW EMER."},
        {"admission_type": None},
    )
    found = demographics(table)
    np.testing.assert_array_equal(found[0], [91, 0, 0, 1, 0, 0, 0])
    np.testing.assert_array_equal(found[1], [50, np.nan, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(found[2], [50, 1, *[np.nan] * 5])


def test_stays_that_cannot_be_placed_are_counted(write: Write, tmp_path: Path) -> None:
    write(tmp_path, "patients", "1,F,50,2150,x,", "2,M,60,2150,x,")
    write(tmp_path, "admissions",
          "1,10,2150-01-01 00:00:00,2150-01-20 00:00:00,,URGENT,,,,0",
          "2,20,2150-01-01 00:00:00,2150-01-20 00:00:00,,URGENT,,,,0")  # fmt: skip
    write(tmp_path, "icustays",
          "1,10,100,A,A,2150-01-02 00:00:00,2150-01-05 00:00:00,3",
          "1,10,101,A,A,2150-01-05 00:00:00,2150-01-02 00:00:00,3",
          "1,10,102,A,A,2150-01-05 00:00:00,,3",
          "1,11,103,A,A,2150-01-02 00:00:00,2150-01-05 00:00:00,3",
          "2,10,104,A,A,2150-01-02 00:00:00,2150-01-05 00:00:00,3",
          "3,30,105,A,A,2150-01-02 00:00:00,2150-01-05 00:00:00,3")  # fmt: skip
    found, steps = read_stays(tmp_path)
    assert found["stay_id"].to_list() == [100]
    assert [(step.kept, step.dropped) for step in steps] == [(6, 0), (3, 3), (1, 2)]


def test_options_that_tell_the_outcome_are_refused() -> None:
    assert MIMICConfig().tasks == ("ihm", "los", "pheno")
    assert not MIMICConfig().leak
    assert "results are too good" in MIMICConfig(grouping="stay").leak
    assert "billed after discharge" in MIMICConfig(codes="admission").leak
    assert MIMICConfig(shorter="keep").tasks == ("pheno",)
    assert MIMICConfig(codes="admission").tasks == ("ihm", "los")
    with pytest.raises(ValidationError, match="what PHENO is made of"):
        MIMICConfig(codes="admission", shorter="keep")
    with pytest.raises(ValidationError, match="normal values of channels mimic3_17 only"):
        MIMICConfig(imputation="mimic3")
